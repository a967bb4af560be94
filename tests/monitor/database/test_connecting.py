"""A caller that leaves while its connection is made leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.database.connections import make_engine
from monitor.database.database_settings import PoolSettings
from tests.conditions import until

# Where the caller leaves: asyncpg takes a few hundred turns of the loop to connect to this machine.
TURNS = [*range(12), *range(12, 400, 9)]


async def test_a_connect_that_is_cancelled_at_any_moment_leaves_nothing(postgres_url: str) -> None:
    """No future that nobody asks, no transport for the garbage collector, no session on the server."""
    told: list[Mapping[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    watcher = make_engine(postgres_url, PoolSettings(size=1))
    for turns in TURNS:
        await _left_after(turns, postgres_url)
    async with watcher.connect() as connection:

        async def alone() -> bool:
            count = await connection.scalar(_SESSIONS)
            await connection.rollback()
            return bool(count == 1)

        await until(alone)
    await watcher.dispose()
    gc.collect()
    await asyncio.sleep(0)

    assert told == []


async def test_a_connect_that_fails_after_its_caller_has_left_is_nobodys_error(postgres_url: str) -> None:
    """The refusal that comes then is dropped, not told by the event loop."""
    told: list[Mapping[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    url = sa.make_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False)
    for turns in TURNS[::5]:
        await _left_after(turns, url)
    await until(lambda: len(asyncio.all_tasks()) == 1)
    gc.collect()

    assert told == []


_SESSIONS = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")


async def _left_after(turns: int, url: str) -> None:
    engine = make_engine(url, PoolSettings(size=1))
    caller = asyncio.ensure_future(_connect_once(engine))
    for _ in range(turns):
        await asyncio.sleep(0)
    caller.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await caller
    await engine.dispose()


async def _connect_once(engine: Any) -> None:
    async with engine.connect():
        await asyncio.sleep(0)


@pytest.mark.parametrize("size", [1, 3])
async def test_a_caller_that_stays_gets_its_connection(postgres_url: str, size: int) -> None:
    """Nothing else changes: connections are made, used and given back."""
    engine = make_engine(postgres_url, PoolSettings(size=size))

    async def ask(number: int) -> int:
        async with engine.connect() as connection:
            return int(await connection.scalar(sa.select(sa.literal(number))) or 0)

    assert await asyncio.gather(*map(ask, range(6))) == list(range(6))
    await engine.dispose()
