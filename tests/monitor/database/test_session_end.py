"""A session that is of no more use ends at once, and its end costs requests little or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import psycopg
import pytest
import sqlalchemy as sa
from opentelemetry.trace import NoOpTracer

from monitor.clock import SystemClock
from monitor.database import scope
from monitor.database.connections import for_writing, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.engine import Database
from monitor.database.kit_tables import create_kit_tables
from monitor.database.session_end import SessionEnd, session_end
from monitor.errors import StatementFailed
from monitor.tenancy.context import bind
from monitor.testing.fakes import RecordingObserver
from tests.conditions import until
from tests.monitor.database.link import linked
from tests.monitor.database.notes import METADATA, NOTES
from tests.servers import PostgresServer

_END_OTHERS = (
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
)


@asynccontextmanager
async def opened(url: str, size: int = 1) -> AsyncIterator[Database]:
    database = Database(
        url,
        observer=RecordingObserver(),
        tracer=NoOpTracer(),
        clock=SystemClock(),
        pool=PoolSettings(size=size, timeout_s=2.0),
    )
    try:
        yield database
    finally:
        await database.aclose()


@pytest.fixture
async def notes_url(postgres_url: str) -> str:
    """Give a PostgreSQL database with the kit's tables and a table of notes."""
    engine = for_writing(make_engine(postgres_url, PoolSettings(size=1)))
    async with engine.begin() as connection:
        await connection.run_sync(create_kit_tables)
        await connection.run_sync(METADATA.create_all)
    await engine.dispose()
    return postgres_url


async def write(database: Database, note_id: int) -> None:
    with bind(1):
        async with database.writing() as unit:
            await unit.execute(scope.insert(NOTES, id=note_id, text=""))


async def count(database: Database) -> int:
    with bind(1):
        async with database.reading() as reader:
            return int(await reader.scalar(scope.select(NOTES, sa.func.count())))


def coded(code: str) -> Exception:
    failure: Exception = asyncpg.PostgresError.new({"C": code, "M": "", "S": "ERROR", "V": "ERROR"})
    return failure


@pytest.mark.parametrize(
    ("failure", "read_only", "expected"),
    [
        (coded("25006"), False, SessionEnd.POOL),
        (coded("25006"), True, SessionEnd.NONE),
        *((coded(f"57P0{digit}"), False, SessionEnd.POOL) for digit in range(1, 6)),
        *((coded(code), True, SessionEnd.POOL) for code in ("08000", "08003", "08006", "08P01", "25P03")),
        (asyncpg.PostgresError.new({"C": "40001", "M": "", "V": "FATAL"}), True, SessionEnd.POOL),
        (coded("55000"), False, SessionEnd.SESSION),
        (coded("40001"), False, SessionEnd.NONE),
        (coded("23505"), False, SessionEnd.NONE),
        (coded("57014"), False, SessionEnd.NONE),
        (psycopg.errors.lookup("57P01")(""), False, SessionEnd.POOL),
        (ConnectionResetError(), False, SessionEnd.POOL),
        (TimeoutError(), False, SessionEnd.SESSION),
    ],
    ids=lambda value: getattr(value, "sqlstate", None) or str(getattr(value, "value", type(value).__name__)),
)
def test_what_the_server_says_decides_what_ends(
    failure: Exception,
    read_only: bool,  # noqa: FBT001 - a case of the table
    expected: SessionEnd,
) -> None:
    """Shutdowns, lost links and a demoted primary end every session as old; a refused row ends none."""
    assert expected is session_end(failure, read_only=read_only)


@pytest.mark.parametrize("size", [1, 3])
async def test_sessions_that_may_only_read_serve_no_second_write(
    notes_url: str, postgres_server: PostgresServer, size: int
) -> None:
    """Once a new session could write, writes go through, whatever the pool holds from before."""
    name = sa.make_url(notes_url).database
    async with opened(notes_url, size) as database:
        postgres_server.execute(f"alter database {name} set default_transaction_read_only = on")
        with pytest.raises(StatementFailed) as refused:
            await write(database, 0)
        postgres_server.execute(f"alter database {name} reset default_transaction_read_only")

        for number in range(1, 6):
            await write(database, number)

        assert ("25006", 5) == (refused.value.status_code, await count(database))


async def test_a_write_of_a_reader_costs_no_session(notes_url: str) -> None:
    """A reader's transaction is read-only by our own word: that refusal says nothing about the server."""
    async with opened(notes_url) as database:
        with bind(1):
            before = await _session(database)
            with pytest.raises(StatementFailed):
                async with database.reading() as reader:
                    await reader.all(scope.insert(NOTES, id=1, text="").returning(NOTES.c.id))

            assert before == await _session(database)


async def test_sessions_ended_while_idle_cost_nothing(
    notes_url: str, postgres_server: PostgresServer
) -> None:
    """After every pooled session was terminated, reads and writes go on as if nothing had been."""
    async with opened(notes_url, 3) as database:
        async with database.reading_all(), database.reading_all(), database.reading_all() as reader:
            await reader.scalar(sa.select(sa.literal(1)))
        await count(database)
        postgres_server.execute(_END_OTHERS, str(sa.make_url(notes_url).database))

        for number in range(4):
            await write(database, number)

        assert 4 == await count(database)


async def test_a_link_cut_while_idle_costs_nothing(notes_url: str) -> None:
    """The same where nobody says farewell: the first statement finds out and is asked once more."""
    async with linked(notes_url) as (link, url), opened(url) as database:
        await count(database)
        link.cut()
        await write(database, 1)
        link.cut()

        assert 1 == await count(database)
        assert 3 == link.accepted


async def test_a_session_that_dies_before_its_rollback_has_answered(
    notes_url: str, postgres_server: PostgresServer
) -> None:
    """The rows that a reader has in hand are its answer, also where its session has gone meanwhile."""
    async with opened(notes_url) as database:
        await write(database, 1)
        with bind(1):
            async with database.reading() as reader:
                rows = await reader.all(scope.select(NOTES))
                postgres_server.execute(_END_OTHERS, str(sa.make_url(notes_url).database))

        assert 1 == len(rows)
        assert 1 == await count(database)


async def test_a_transaction_is_not_begun_again_in_its_midst(
    notes_url: str, postgres_server: PostgresServer
) -> None:
    """A writer that loses its session after its first statement fails whole: nothing of it is kept."""
    async with opened(notes_url) as database:
        with pytest.raises(StatementFailed), bind(1):
            async with database.writing() as unit:
                await unit.execute(scope.insert(NOTES, id=1, text=""))
                postgres_server.execute(_END_OTHERS, str(sa.make_url(notes_url).database))
                await unit.execute(scope.insert(NOTES, id=2, text=""))

        assert 0 == await count(database)


async def test_a_closed_session_is_noticed_at_once(notes_url: str, postgres_server: PostgresServer) -> None:
    """What the event loop has read of a farewell is enough: no statement is spent on a closed session."""
    engine = make_engine(notes_url, PoolSettings(size=1))
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
    postgres_server.execute(_END_OTHERS, str(sa.make_url(notes_url).database))
    await until(lambda: bool(driver is not None and driver.is_closed()))

    async with engine.connect() as connection:
        assert 1 == await connection.scalar(sa.select(sa.literal(1)))
    await engine.dispose()


async def _session(database: Database) -> int:
    async with database.reading_all() as reader:
        return int(await reader.scalar(sa.select(sa.func.pg_backend_pid())))
