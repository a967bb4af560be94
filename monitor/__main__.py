"""The kit's command line: `python -m monitor migrate` makes the tables that the cache follows."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from monitor import __version__
from monitor.database.database_settings import TENANT_COLUMN
from monitor.errors import ConfigurationError
from monitor.extras import needed_for


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; return the exit code.

    Args:
        arguments: The command line's words; those of the process where none are given.
    """
    given = _parser().parse_args(arguments)
    try:
        with needed_for("monitor migrate", "database"):
            from monitor.database.kit_migrations import upgrade_kit_tables  # noqa: PLC0415 - of an extra
            from monitor.database.migrating import run_migration  # noqa: PLC0415 - the same

        step = partial(upgrade_kit_tables, tenant_column=given.tenant_column)
        asyncio.run(run_migration(given.database_url, step))
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line's word
        return 2
    print("the kit's tables are up to date")  # noqa: T201 - the same
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("monitor", description="The observability kit's own commands.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True)
    migrate = commands.add_parser("migrate", help="make the kit's tables, or add what they lack")
    migrate.add_argument(
        "--database-url", required=True, help="postgresql+asyncpg://user:password@host/name and the like"
    )
    migrate.add_argument(
        "--tenant-column", default=TENANT_COLUMN, help="as Adoption.tenant_column (default: %(default)s)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
