"""A small database of the kit's own for its tests: notes of tenants, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from opentelemetry.trace import NoOpTracer

from monitor.clock import SystemClock
from monitor.database.connections import for_writing, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.engine import Database
from monitor.database.kit_tables import create_kit_tables
from monitor.testing.fakes import RecordingObserver
from tests.monitor.database.notes import METADATA


@pytest.fixture
async def url(database_url: str) -> str:
    """Give the URL of a database with the kit's tables and a table of notes."""
    engine = for_writing(make_engine(database_url, PoolSettings(size=1)))
    async with engine.begin() as connection:
        await connection.run_sync(create_kit_tables)
        await connection.run_sync(METADATA.create_all)
    await engine.dispose()
    return database_url


@pytest.fixture
def observer() -> RecordingObserver:
    """Give an observer that keeps everything."""
    return RecordingObserver()


@pytest.fixture
async def database(url: str, observer: RecordingObserver) -> AsyncIterator[Database]:
    """Give a database without a settlement."""
    database = Database(url, observer=observer, tracer=NoOpTracer(), clock=SystemClock())
    yield database
    await database.aclose()
