"""An adopter's own sessions write their outbox rows with their rows: both are there, or neither."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from monitor.clock import SystemClock
from monitor.database.kit_tables import CACHE_OUTBOX, create_kit_tables
from monitor.database.session_writes import SessionWrites
from monitor.database.write_context import collecting_commits
from monitor.errors import TenantNotBound
from monitor.scopes import CacheScope
from monitor.tenancy.context import bind
from monitor.tenancy.identity import TenantId

ORDERS = CacheScope(TenantId(7), "orders")


class Base(DeclarativeBase):
    """What the adopter's entities are mapped by."""


class Order(Base):
    """An adopter's entity."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give an adopter's own engine, made as its documentation says, over the kit's tables and its own."""
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(create_kit_tables)
        await connection.run_sync(Base.metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Give the adopter's sessions."""
    return async_sessionmaker(engine)


@pytest.fixture
def writes() -> SessionWrites:
    """Give what books for them."""
    return SessionWrites(SystemClock())


async def kept(sessions: async_sessionmaker[AsyncSession]) -> tuple[int, list[tuple[int, str, str | None]]]:
    """Return how many orders there are, and what the outbox holds."""
    async with sessions() as session:
        orders = await session.scalar(sa.select(sa.func.count()).select_from(Order))
        columns = (CACHE_OUTBOX.c.tenant, CACHE_OUTBOX.c.domain, CACHE_OUTBOX.c.entity)
        rows = await session.execute(sa.select(*columns).order_by(CACHE_OUTBOX.c.id))
        return int(orders or 0), [(row.tenant, row.domain, row.entity) for row in rows]


async def test_rows_ride_in_the_sessions_own_transaction(
    sessions: async_sessionmaker[AsyncSession], writes: SessionWrites
) -> None:
    """A commit keeps the order and its outbox rows, and hands the request what it must settle."""
    with bind(7), collecting_commits() as commits:
        async with sessions.begin() as session:
            session.add(Order(id=1))
            writes.changed(session, "orders")
            writes.changed(session, "orders", 1)
            writes.changed(session, "orders", 1)

    [commit] = commits
    assert (1, [(7, "orders", None), (7, "orders", "1")]) == await kept(sessions)
    assert (ORDERS, ORDERS._replace(entity="1")) == commit.scopes
    assert 2 == len(commit.outbox_ids)


async def test_a_rollback_keeps_neither(
    sessions: async_sessionmaker[AsyncSession], writes: SessionWrites
) -> None:
    """What was booked and undone is not told, also not by the session's next commit."""
    with bind(7), collecting_commits() as commits:
        async with sessions() as session:
            session.add(Order(id=1))
            writes.changed(session, "orders")
            await session.rollback()
            session.add(Order(id=2))
            await session.commit()

    assert ((1, []), []) == (await kept(sessions), commits)


async def test_a_savepoint_is_no_commit(
    sessions: async_sessionmaker[AsyncSession], writes: SessionWrites
) -> None:
    """Bookings wait for the transaction around a savepoint, also where the savepoint is undone."""
    with bind(7), collecting_commits() as commits:
        async with sessions() as session:
            session.add(Order(id=1))
            writes.changed(session, "orders")
            async with session.begin_nested():
                session.add(Order(id=2))
                writes.changed(session, "orders", 2)
            undone = await session.begin_nested()
            session.add(Order(id=3))
            await session.flush()
            await undone.rollback()
            assert [] == commits
            await session.commit()

    assert (2, [(7, "orders", None), (7, "orders", "2")]) == await kept(sessions)
    assert 1 == len(commits)


async def test_one_session_commits_again_and_again(
    sessions: async_sessionmaker[AsyncSession], writes: SessionWrites
) -> None:
    """Each commit hands over its own bookings, once."""
    with bind(7), collecting_commits() as commits:
        async with sessions() as session:
            for number in (1, 2):
                session.add(Order(id=number))
                writes.changed(session, "orders", number)
                await session.commit()
            session.add(Order(id=3))
            await session.commit()

    assert [("1",), ("2",)] == [tuple(scope.entity for scope in commit.scopes) for commit in commits]
    assert 2 == len((await kept(sessions))[1])


async def test_without_a_tenant_nothing_is_booked(
    sessions: async_sessionmaker[AsyncSession], writes: SessionWrites
) -> None:
    """It fails closed."""
    async with sessions() as session:
        with pytest.raises(TenantNotBound):
            writes.changed(session, "orders")
