"""The kit's own tables as an Alembic branch, `monitor`, which an adopter's history may include.

Beside its own versions an adopter names this folder's (`version_locations`) and upgrades to
`heads`; whoever has no Alembic runs `python -m monitor migrate`, which keeps a version table of
its own. Either finds tables that are there already and adds what they lack.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from monitor.database.database_settings import TENANT_COLUMN

_FOLDER = Path(__file__).parent / "migrations"
VERSIONS = _FOLDER / "versions"
VERSION_TABLE = "monitor_alembic_version"
COLUMN_OPTION = "monitor_tenant_column"


def upgrade_kit_tables(connection: sa.Connection, tenant_column: str = TENANT_COLUMN) -> None:
    """Bring the kit's tables up to date in the caller's transaction.

    Args:
        connection: In a transaction that may write.
        tenant_column: As `Adoption.tenant_column`.
    """
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    config.set_main_option(COLUMN_OPTION, tenant_column)
    config.attributes["connection"] = connection
    command.upgrade(config, "monitor@head")
