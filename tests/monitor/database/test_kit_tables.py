"""The kit's tables for services without migrations."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.database.connections import for_writing, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.kit_tables import CACHE_EPOCH, create_kit_tables


async def test_creating_twice_is_creating_once(database_url: str) -> None:
    """The first epoch is there once, however often the tables are created."""
    engine = for_writing(make_engine(database_url, PoolSettings(size=1)))
    for _ in range(2):
        async with engine.begin() as connection:
            await connection.run_sync(create_kit_tables)
    async with engine.connect() as connection:
        epochs = [tuple(row) for row in await connection.execute(sa.select(CACHE_EPOCH))]
    await engine.dispose()

    assert [(0, "")] == epochs
