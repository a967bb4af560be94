"""A frozen server is told from a slow statement, and a standby from a primary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from opentelemetry.trace import NoOpTracer

from monitor.clock import SystemClock
from monitor.database.connections import for_writing, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.engine import Database
from monitor.database.kit_tables import create_kit_tables
from monitor.database.silence import Silence
from monitor.errors import ConnectionLost
from monitor.testing.fakes import RecordingObserver
from tests.monitor.database.link import Link, linked
from tests.servers import PostgresServer

# Far below the 30 s that a statement may take, far above what two cores under load need.
_SOON_S = 20.0


@pytest.fixture
async def link(postgres_url: str) -> AsyncIterator[tuple[Link, Database]]:
    """Give a database with the kit's tables behind a link that can be frozen."""
    engine = for_writing(make_engine(postgres_url, PoolSettings(size=1)))
    async with engine.begin() as connection:
        await connection.run_sync(create_kit_tables)
    await engine.dispose()
    async with linked(postgres_url) as (link, url):
        pool = PoolSettings(size=2, statement_timeout_s=600.0)
        database = Database(
            url, observer=RecordingObserver(), tracer=NoOpTracer(), clock=SystemClock(), pool=pool
        )
        yield link, database
        await database.aclose()


async def seconds_of_sleep(database: Database, seconds: float) -> None:
    async with database.reading_all() as reader:
        await reader.scalar(sa.select(sa.cast(sa.func.pg_sleep(seconds), sa.Text)))


async def test_a_frozen_server_is_said_to_be_out_of_reach(link: tuple[Link, Database]) -> None:
    """Statements on open sessions, and callers without one, are given up long before their own limit."""
    wire, database = link
    await seconds_of_sleep(database, 0)
    wire.freeze()

    async with asyncio.timeout(_SOON_S):
        failures = await asyncio.gather(
            *(seconds_of_sleep(database, 0) for _ in range(4)), return_exceptions=True
        )
    wire.thaw()

    assert {True} == {isinstance(failure, Exception) for failure in failures}
    assert isinstance(failures[0], ConnectionLost)
    await seconds_of_sleep(database, 0)


async def test_a_slow_statement_is_left_to_its_own_limit(link: tuple[Link, Database]) -> None:
    """A server that answers others is alive, however long one statement takes."""
    _, database = link

    await seconds_of_sleep(database, 2.5)


async def test_who_asks_together_is_told_together() -> None:
    """One probe serves all calls that wait; a live server is asked again, a silent one is given up."""
    asked, given_up = 0, list[int]()
    answers, silent = asyncio.Event(), asyncio.Event()

    async def probe() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            answers.set()
        else:
            await silent.wait()

    silence = Silence(probe, patience_s=0.01, probe_s=0.01)
    done = asyncio.Event()

    def give_up() -> None:
        given_up.append(1)
        if len(given_up) == 3:
            done.set()

    for _ in range(3):
        silence.watch(give_up)
    await asyncio.wait_for(done.wait(), _SOON_S)
    await silence.aclose()

    assert 3 == len(given_up)
    assert answers.is_set()
    assert asked < 6


async def test_a_server_that_may_not_be_written_to_is_not_well(
    link: tuple[Link, Database], postgres_server: PostgresServer, postgres_url: str
) -> None:
    """The ping that readiness asks fails where every write would, and succeeds once that is over."""
    _, database = link
    name = sa.make_url(postgres_url).database
    await database.ping()
    postgres_server.execute(f"alter database {name} set default_transaction_read_only = on")
    await database.aclose()
    with pytest.raises(ConnectionLost) as refused:
        await database.ping()
    postgres_server.execute(f"alter database {name} reset default_transaction_read_only")

    await database.ping()

    assert "25006" == refused.value.status_code
