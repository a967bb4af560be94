"""An adopter makes the kit's tables with one command, or within its own history."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from monitor.__main__ import main
from monitor.database.kit_migrations import VERSION_TABLE, VERSIONS, upgrade_kit_tables
from monitor.database.kit_tables import METADATA, id_sequences
from monitor.database.migrating import run_migration

ADOPTERS_ENVIRONMENT = """
from alembic import context
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
"""
ADOPTERS_VERSION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "own_1", None
def upgrade():
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True))
"""


async def differences(url: str, column: str) -> list[Any]:
    """Compare the database with the kit's tables in code."""
    found: list[Any] = []

    def compare(connection: sa.Connection) -> None:
        for metadata in (METADATA, id_sequences(column).metadata):
            names = set(metadata.tables)
            options = {
                "include_name": lambda name, kind, _parent, names=names: kind != "table" or name in names
            }
            found.extend(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    await run_migration(url, compare)
    return found


async def test_the_migrated_tables_are_what_the_code_describes(database_url: str) -> None:
    """After the command nothing differs, under the adopter's own column, also when it is run again."""
    for _ in range(2):
        await run_migration(database_url, partial(upgrade_kit_tables, tenant_column="account_id"))

    assert [] == await differences(database_url, "account_id")


async def test_processes_that_migrate_together_migrate_once(database_url: str) -> None:
    """Several at once all end well."""
    await asyncio.gather(*(run_migration(database_url, upgrade_kit_tables) for _ in range(3)))

    assert [] == await differences(database_url, "tenant_id")


async def test_tables_of_an_older_kit_get_what_they_lack(database_url: str) -> None:
    """An outbox without shares, made by somebody else, gets the column and keeps its rows."""

    def older(connection: sa.Connection) -> None:
        METADATA.create_all(connection)
        connection.execute(sa.text("ALTER TABLE cache_outbox DROP COLUMN share"))
        connection.execute(
            sa.text("INSERT INTO cache_outbox (kind, created_at, domain) VALUES ('off', 1, 'orders')")
        )

    kept: list[Any] = []

    def look(connection: sa.Connection) -> None:
        kept.extend(connection.execute(sa.text("SELECT domain, share FROM cache_outbox")).all())

    for step in (older, upgrade_kit_tables, look):
        await run_migration(database_url, step)

    assert [("orders", None)] == [tuple(row) for row in kept]
    assert [] == await differences(database_url, "tenant_id")


async def test_the_branch_runs_within_an_adopters_history(sqlite_url: str, tmp_path: Path) -> None:
    """With the kit's folder among its version locations an adopter's own `upgrade heads` makes both."""
    (tmp_path / "own").mkdir()
    (tmp_path / "env.py").write_text(ADOPTERS_ENVIRONMENT)
    (tmp_path / "own" / "own_1.py").write_text(ADOPTERS_VERSION)

    def upgrade(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(tmp_path))
        config.set_main_option("path_separator", "os")
        config.set_main_option("version_locations", f"{tmp_path / 'own'}:{VERSIONS}")
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")

    tables: list[str] = []
    await run_migration(sqlite_url, upgrade)
    await run_migration(
        sqlite_url, lambda connection: tables.extend(sa.inspect(connection).get_table_names())
    )

    assert {"orders", "cache_outbox", "cache_epoch", "id_sequences", "alembic_version"} <= set(tables)
    assert VERSION_TABLE not in tables


def test_the_command_says_what_it_did(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line and 0 where it worked, one line and 2 where the URL cannot work."""
    assert 0 == main(["migrate", "--database-url", sqlite_url])
    assert "up to date" in capsys.readouterr().out

    assert 2 == main(["migrate", "--database-url", "mysql://host/name"])
    assert capsys.readouterr().err.startswith("DATABASE_URL: must begin with")
