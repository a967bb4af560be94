"""The migrations lead to the tables that the code speaks of, on both databases."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.migrations import downgrade, upgrade
from app.tables import ALL_METADATA
from monitor.database.connections import for_writing, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.kit_tables import CACHE_EPOCH, CACHE_OUTBOX
from monitor.errors import ConfigurationError


async def inspected(url: str, look: Any) -> Any:
    engine = make_engine(url, PoolSettings(size=1))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


def table_names(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names()) - {"alembic_version"}


async def test_the_migrated_database_is_what_the_code_describes(database_url: str) -> None:
    """After `upgrade` nothing differs between the database and the tables in code."""
    await upgrade(database_url)

    def differences(connection: sa.Connection) -> list[Any]:
        described = cast("sa.MetaData", list(ALL_METADATA))  # Alembic takes several, its types say one
        options = {"target_metadata": described, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), described))

    assert [] == await inspected(database_url, differences)


async def test_upgrade_twice_is_upgrade_once(database_url: str) -> None:
    """A second `upgrade` finds nothing to do and keeps the first epoch."""
    await upgrade(database_url)
    await upgrade(database_url)

    def epochs(connection: sa.Connection) -> list[Any]:
        return [tuple(row) for row in connection.execute(sa.select(CACHE_EPOCH))]

    assert [(0, "")] == await inspected(database_url, epochs)


async def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    """Several upgrades at once all end well: one migrates, the others wait for it."""
    await asyncio.gather(*(upgrade(database_url) for _ in range(4)))

    tables = {table.name for metadata in ALL_METADATA for table in metadata.sorted_tables}
    assert tables == await inspected(database_url, table_names)


async def test_downgrade_leaves_nothing_behind(database_url: str) -> None:
    """The way back drops every table the way forth created."""
    await upgrade(database_url)

    await downgrade(database_url, "base")

    assert set() == await inspected(database_url, table_names)


async def test_an_older_version_takes_no_share_for_off(database_url: str) -> None:
    """The way back to a version without shares drops them, and keeps what is off."""
    await upgrade(database_url)
    engine = for_writing(make_engine(database_url, PoolSettings(size=1)))
    rows = [{"kind": "off", "domain": "contacts", "share": 0.5, "created_at": 0.0}]
    rows += [{"kind": "off", "domain": "settings", "share": None, "created_at": 0.0}]
    async with engine.begin() as connection:
        await connection.execute(sa.insert(CACHE_OUTBOX), rows)
    await engine.dispose()

    await downgrade(database_url, "0001")
    await upgrade(database_url)

    def kept(connection: sa.Connection) -> list[Any]:
        return [
            tuple(row) for row in connection.execute(sa.select(CACHE_OUTBOX.c.domain, CACHE_OUTBOX.c.share))
        ]

    assert [("settings", None)] == await inspected(database_url, kept)


async def test_the_folder_of_a_database_file_is_made(tmp_path: Path) -> None:
    """A file in a folder that is not there yet is a fresh start, not an error."""
    await upgrade(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'folder' / 'taskmed.db'}")

    assert (tmp_path / "new" / "folder" / "taskmed.db").is_file()


@pytest.mark.parametrize("user", ["nobody:wrong@127.0.0.1:{port}", "nobody@127.0.0.1:1"])
async def test_a_database_that_does_not_answer_is_told_in_one_line(postgres_url: str, user: str) -> None:
    """A wrong password or address names the variable to mend, and shows no secret."""
    port = sa.make_url(postgres_url).port

    with pytest.raises(ConfigurationError) as caught:
        await upgrade(f"postgresql+asyncpg://{user.format(port=port)}/taskmed")

    assert caught.value.variable == "DATABASE_URL"
    assert "wrong" not in str(caught.value)
    assert "\n" not in str(caught.value)
