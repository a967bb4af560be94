"""URLs become engines, or a line that says what is wrong."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from monitor.database.connections import for_reading, is_sqlite, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.errors import ConfigurationError


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql+aiomysql://host/name",
        "postgresql://host/name",
        "sqlite:///file.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
    ],
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    """Other databases, other drivers and SQLite in memory are refused by name, without the URL's secrets."""
    with pytest.raises(ConfigurationError) as caught:
        make_engine(url, PoolSettings())

    assert "DATABASE_URL" == caught.value.variable
    assert url not in str(caught.value)


async def test_sqlite_keeps_a_log_and_foreign_keys(sqlite_url: str) -> None:
    """Readers go on beside the writer, references are checked, and a process's end loses nothing."""
    engine = make_engine(sqlite_url, PoolSettings(size=1))
    async with engine.connect() as connection:
        kept = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        ]
    await engine.dispose()

    assert is_sqlite(engine)
    assert ["wal", 1, 1] == kept


async def test_postgresql_readers_are_snapshots_that_cannot_write(postgres_url: str) -> None:
    """Readers' transactions are REPEATABLE READ and read-only."""
    engine = make_engine(postgres_url, PoolSettings(size=1))
    async with for_reading(engine).connect() as connection:
        kept = [
            await connection.scalar(sa.select(sa.func.current_setting(name)))
            for name in ("transaction_isolation", "transaction_read_only", "application_name")
        ]
    await engine.dispose()

    assert ["repeatable read", "on", "monitor"] == kept
