"""Behind a pooler the service works rightly or does not start: no client is given another one's rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.clock import SystemClock
from monitor.consistency.outbox_store import OutboxStore
from monitor.consistency.protocol import OutboxNews, Timing
from monitor.database.connections import (
    can_listen,
    for_reading,
    for_single_statements,
    for_writing,
    make_engine,
)
from monitor.database.database_settings import PoolSettings
from monitor.database.kit_tables import create_kit_tables
from monitor.errors import ConfigurationError
from monitor.testing.fakes import RecordingObserver
from tests.servers import PgBouncerServer

Bouncer = Callable[..., PgBouncerServer]

_CLIENTS, _STATEMENTS = 6, 40


def through(bouncer: PgBouncerServer, url: str, driver: str = "asyncpg") -> str:
    parsed = sa.make_url(bouncer.url_of(str(sa.make_url(url).database)))
    return parsed.set(drivername=f"postgresql+{driver}").render_as_string(hide_password=False)


async def connect_once(engine: AsyncEngine) -> None:
    async with engine.connect():
        pass


async def wrong_rows(engines: list[AsyncEngine]) -> int:
    """Ask different statements of every engine at once; count the answers that were another one's."""

    async def ask(engine: AsyncEngine, client: int) -> int:
        wrong = 0
        for number in range(_STATEMENTS):
            expected = f"{client}-{number}"
            async with engine.connect() as connection:
                statement = sa.select(sa.literal_column(f"'{expected}'", sa.String()), sa.literal(number))
                wrong += tuple((await connection.execute(statement)).one()) != (expected, number)
        return wrong

    return sum(await asyncio.gather(*(ask(engine, client) for client, engine in enumerate(engines))))


@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_asyncpg_is_refused_where_sessions_are_shared(
    pgbouncer: Bouncer, postgres_url: str, mode: str, size: int
) -> None:
    """The first connection ends with one line that says what to give instead, and no statement runs."""
    engine = make_engine(through(pgbouncer(mode, size=size), postgres_url), PoolSettings(size=2))

    with pytest.raises(ConfigurationError, match="pool_mode=session") as refused:
        await connect_once(engine)
    await engine.dispose()

    assert "\n" not in str(refused.value)


async def test_a_shared_session_is_recognised_beside_other_clients(
    pgbouncer: Bouncer, postgres_url: str
) -> None:
    """Traffic of others, which keeps the pooler's sessions moving, hides nothing."""
    bouncer = pgbouncer("transaction")
    others = [make_engine(through(bouncer, postgres_url, "psycopg"), PoolSettings(size=1)) for _ in range(3)]
    traffic = asyncio.ensure_future(wrong_rows(others))
    refused = 0
    for _ in range(5):
        engine = make_engine(through(bouncer, postgres_url), PoolSettings(size=1))
        try:
            await connect_once(engine)
        except ConfigurationError:
            refused += 1
        await engine.dispose()
    await traffic
    for other in others:
        await other.dispose()

    assert 5 == refused


async def test_asyncpg_works_where_sessions_are_lent(pgbouncer: Bouncer, postgres_url: str) -> None:
    """In session mode every row is right and notifications are heard."""
    url = through(pgbouncer("session", size=_CLIENTS), postgres_url)
    engines = [make_engine(url, PoolSettings(size=1)) for _ in range(_CLIENTS)]
    try:
        assert 0 == await wrong_rows(engines)
        async with engines[0].connect() as connection:
            assert await can_listen(connection)
    finally:
        for engine in engines:
            await engine.dispose()


@pytest.mark.parametrize("view", [for_single_statements, for_reading, for_writing])
async def test_psycopg_works_where_sessions_are_shared(
    pgbouncer: Bouncer, postgres_url: str, view: Callable[[AsyncEngine], AsyncEngine]
) -> None:
    """Several clients on fewer sessions each get their own rows, in transactions and without."""
    url = through(pgbouncer("transaction", size=2), postgres_url, "psycopg")
    engines = [make_engine(url, PoolSettings(size=1)) for _ in range(_CLIENTS)]

    wrong = await wrong_rows([view(engine) for engine in engines])
    for engine in engines:
        await engine.dispose()

    assert 0 == wrong


async def test_the_outbox_works_without_notifications(pgbouncer: Bouncer, postgres_url: str) -> None:
    """Where nothing could be heard nobody listens: rows are found by the next poll."""
    direct = for_writing(make_engine(postgres_url, PoolSettings(size=1)))
    async with direct.begin() as connection:
        await connection.run_sync(create_kit_tables)
    await direct.dispose()
    url = through(pgbouncer("transaction", size=2), postgres_url, "psycopg")
    store = OutboxStore(url, observer=RecordingObserver(), clock=SystemClock(), timing=Timing())
    try:
        assert () == (await store.poll()).rows
        await store.suspend()
        await store.notify(OutboxNews.ASKED)

        assert 1 == len((await store.poll()).rows)
    finally:
        await store.aclose()


async def test_a_direct_connection_is_known_as_one(postgres_url: str) -> None:
    """PostgreSQL itself is asked once and listened to."""
    engine = make_engine(postgres_url, PoolSettings(size=1))
    async with engine.connect() as connection:
        heard = await can_listen(connection)
    await engine.dispose()

    assert heard
