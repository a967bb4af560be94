"""The database's history, run from code: no ini file, no second process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from monitor.database.migrating import run_migration


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`; does nothing where it is there already.

    Several processes may call it at once: one migrates, the others wait and find it done.

    Raises:
        ConfigurationError: The URL is not one the service supports, or nothing can be reached by it.
    """
    await run_migration(url, partial(_within, step=lambda config: command.upgrade(config, revision)))


async def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision`; raises as `upgrade`."""
    await run_migration(url, partial(_within, step=lambda config: command.downgrade(config, revision)))


def _within(connection: sa.Connection, step: Callable[[Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    step(config)
