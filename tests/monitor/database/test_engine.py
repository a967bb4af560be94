"""Readers see one snapshot, writers commit or roll back, the pool is bounded and observed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
import sqlalchemy as sa
from opentelemetry.trace import NoOpTracer

from monitor.clock import SystemClock
from monitor.database import scope
from monitor.database.connections import for_writing, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.engine import Database
from monitor.database.kit_tables import create_kit_tables
from monitor.errors import ConstraintViolated, PoolExhausted, StatementFailed, TenantNotBound
from monitor.tenancy.context import bind
from monitor.testing.fakes import RecordingObserver
from tests.monitor.database.notes import NOTES
from tests.servers import free_port


async def write(database: Database, note_id: int, text: str) -> None:
    async with database.writing() as unit:
        await unit.execute(scope.insert(NOTES, id=note_id, text=text))


async def texts(database: Database) -> list[str]:
    async with database.reading() as reader:
        return [row.text for row in await reader.all(scope.select(NOTES).order_by(NOTES.c.id))]


async def test_a_clean_end_commits(database: Database) -> None:
    """What was written in the block is there after it."""
    with bind(1):
        await write(database, 1, "one")

        assert ["one"] == await texts(database)


async def test_an_error_rolls_back(database: Database) -> None:
    """An exception in the block leaves nothing behind, and reaches the caller."""
    with bind(1):
        with pytest.raises(RuntimeError, match="no"):
            async with database.writing() as unit:
                await unit.execute(scope.insert(NOTES, id=1, text="one"))
                raise RuntimeError("no")

        assert [] == await texts(database)


async def test_a_tenant_sees_its_own_rows_alone(database: Database) -> None:
    """Equal ids of two tenants are two rows, and each sees its own."""
    with bind(1):
        await write(database, 1, "of one")
    with bind(2):
        await write(database, 1, "of two")

        assert ["of two"] == await texts(database)


async def test_without_a_tenant_no_door_opens(database: Database) -> None:
    """Both doors fail closed where no tenant is bound."""
    with pytest.raises(TenantNotBound):
        async with database.reading():
            pass
    with pytest.raises(TenantNotBound):
        async with database.writing():
            pass


async def test_an_operator_reads_all_tenants(database: Database) -> None:
    """`reading_all` runs statements over all tenants, and no others on tenant data."""
    for tenant in (1, 2):
        with bind(tenant):
            await write(database, 1, "text")

    async with database.reading_all() as reader:
        assert 2 == len(await reader.all(scope.select_of_all_tenants(NOTES)))


async def test_a_reader_sees_one_snapshot(database: Database) -> None:
    """A row committed after the reader's first statement is not seen by its second."""
    with bind(1):
        async with database.reading() as reader:
            before = await reader.all(scope.select(NOTES))
            await write(database, 1, "late")
            after = await reader.all(scope.select(NOTES))

        assert (before, after) == ([], [])
        assert ["late"] == await texts(database)


async def test_a_reader_cannot_write(database: Database, url: str) -> None:
    """On PostgreSQL the reader's transaction is read-only; SQLite rolls it back."""
    with bind(1):
        with suppress(StatementFailed):
            async with database.reading() as reader:
                await reader.all(scope.insert(NOTES, id=1, text="sneaked in").returning(NOTES.c.id))

        assert [] == await texts(database)


async def test_a_second_writer_waits_and_is_not_refused(database: Database) -> None:
    """Writers that read before they write never fail for each other: SQLite's begin with the lock."""
    with bind(1):
        await write(database, 1, "0")

        async def add() -> None:
            async with database.writing() as unit:
                row = await unit.one(scope.select(NOTES).with_for_update())
                assert row is not None
                await unit.execute(scope.update(NOTES).values(text=str(int(row.text) + 1)))

        await asyncio.gather(*(add() for _ in range(8)))

        assert ["8"] == await texts(database)


async def test_a_writer_inside_a_writer_is_refused_in_time(url: str, observer: RecordingObserver) -> None:
    """On SQLite, which has one writer, and on a pool of one a second transaction of a task ends its wait."""
    pool = PoolSettings(size=1, timeout_s=0.05)
    database = Database(url, observer=observer, tracer=NoOpTracer(), clock=SystemClock(), pool=pool)
    with bind(1):
        async with database.writing():
            with pytest.raises(PoolExhausted):
                await write(database, 1, "one")
    await database.aclose()

    assert True is observer.of("pool_waited")[-1][1]


async def test_a_collision_is_an_error_of_its_own(database: Database) -> None:
    """A row that collides with a key raises `ConstraintViolated`, which quotes no value of it."""
    with bind(1):
        await write(database, 1, "secret text")

        with pytest.raises(ConstraintViolated) as caught:
            await write(database, 1, "secret text")

    assert "INSERT notes" == caught.value.summary
    assert "secret" not in f"{caught.value}{caught.value.__cause__}"


async def test_an_exhausted_pool_is_an_error_and_an_observation(
    url: str, observer: RecordingObserver
) -> None:
    """A caller that finds no free connection in time is told so, and the wait is observed."""
    pool = PoolSettings(size=1, timeout_s=0.05)
    database = Database(url, observer=observer, tracer=NoOpTracer(), clock=SystemClock(), pool=pool)
    with bind(1):
        async with database.reading():
            with pytest.raises(PoolExhausted):
                async with database.reading():
                    pass
    await database.aclose()

    assert [False, True] == [timed_out for _, timed_out in observer.of("pool_waited")]
    assert (0, 1, 1) in observer.of("pool_sized")
    assert (1, 0, 1) == observer.of("pool_sized")[-1]


async def test_ping_asks_the_database(database: Database) -> None:
    """A reachable database answers a ping."""
    await database.ping()


async def test_an_unreachable_database_is_a_failed_statement() -> None:
    """A database that cannot be reached raises the kit's error, not the driver's."""
    url = f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/nowhere"
    database = Database(url, observer=RecordingObserver(), tracer=NoOpTracer(), clock=SystemClock())

    with pytest.raises(StatementFailed) as caught:
        await database.ping()

    await database.aclose()
    assert "CONNECT" == caught.value.summary


async def test_a_service_names_its_tenant_column(database_url: str) -> None:
    """Tables of any tenant column are written, filtered and numbered by tenant, the kit's own included."""
    metadata = sa.MetaData()
    orders = sa.Table(
        "orders",
        metadata,
        scope.tenant_column(name="account_id", primary_key=True, autoincrement=False),
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    engine = for_writing(make_engine(database_url, PoolSettings(size=1)))
    async with engine.begin() as connection:
        await connection.run_sync(create_kit_tables, "account_id")
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    database = Database(
        database_url,
        observer=RecordingObserver(),
        tracer=NoOpTracer(),
        clock=SystemClock(),
        tenant_column="account_id",
    )
    seen: list[list[tuple[int, int]]] = []
    for tenant, orders_made in ((1, 2), (2, 1)):
        with bind(tenant):
            async with database.writing() as unit:
                for _ in range(orders_made):
                    await unit.execute(scope.insert(orders, id=await unit.next_id("orders")))
            async with database.reading() as reader:
                rows = await reader.all(scope.select(orders).order_by(orders.c.id))
        seen.append([(row.account_id, row.id) for row in rows])
    await database.aclose()

    assert [[(1, 1), (1, 2)], [(2, 1)]] == seen
