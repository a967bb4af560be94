"""The database as the service sees it: two doors, one to read and one to write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

import sqlalchemy as sa
from opentelemetry.trace import Tracer
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from monitor.clock import Clock
from monitor.database.connections import for_reading, for_writing, is_sqlite, make_engine
from monitor.database.database_observer import DatabaseObserver
from monitor.database.database_settings import TENANT_COLUMN, PoolSettings
from monitor.database.kit_tables import CACHE_OUTBOX
from monitor.database.scope_check import ScopeRule
from monitor.database.silence import Silence
from monitor.database.statements import words_of
from monitor.database.telemetry import StatementTelemetry
from monitor.database.transaction import Transaction, opened
from monitor.database.unit_of_work import Reader, UnitOfWork
from monitor.database.write_context import Commit, NoSettlement, Settlement, hand_over
from monitor.errors import ConnectionLost, PoolExhausted, StatementFailed
from monitor.scopes import CacheScope
from monitor.tenancy.context import current_tenant


class Database:
    """Hands out readers and units of work of the bound tenant.

    Args:
        url: `postgresql+asyncpg://...` or `sqlite+aiosqlite:///file`.
        observer: Receives statements, waits and sizes of the pool.
        tracer: Makes a span for each statement.
        clock: Where durations come from.
        settlement: Makes a committed write safe to answer; none where no cache is in use.
        pool: Sizes and timeouts of the pool.
        slow_query_s: Statements that take longer are logged and counted.
        tenant_column: The name of the column that holds the tenant, in every table that has one.
        declared_only: Whether a table without that column must be declared as shared; an adoption's
            always must, a tool's that knows its tables need not.

    Raises:
        ConfigurationError: The URL is not one of the two.
    """

    def __init__(
        self,
        url: str,
        *,
        observer: DatabaseObserver,
        tracer: Tracer,
        clock: Clock,
        settlement: Settlement | None = None,
        pool: PoolSettings | None = None,
        slow_query_s: float = 0.1,
        tenant_column: str = TENANT_COLUMN,
        declared_only: bool = False,
    ) -> None:
        self._rule = ScopeRule(tenant_column, declared_only)
        self._pool = pool or PoolSettings()
        self._engine = make_engine(url, self._pool)
        self._reading, self._writing = for_reading(self._engine), for_writing(self._engine)
        self._observer, self._clock = observer, clock
        self._settlement = settlement or NoSettlement()
        self._telemetry = StatementTelemetry(
            system=self._engine.dialect.name,
            namespace="" if is_sqlite(self._engine) else str(self._engine.url.database),
            observer=observer,
            tracer=tracer,
            clock=clock,
            slow_query_s=slow_query_s,
        )
        self._silence = None if is_sqlite(self._engine) else Silence(partial(_new_session, url, self._pool))
        # SQLite has one writer: within the process it waits here, in turn, and not by polling the file.
        self._turn = asyncio.Semaphore(1 if is_sqlite(self._engine) else self._pool.size)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """Open one snapshot of the bound tenant's data.

        Raises:
            TenantNotBound: No tenant is bound.
            PoolExhausted: No connection became free in time.
        """
        tenant = current_tenant()
        async with self._transaction(self._reading) as transaction:
            yield Reader(transaction, tenant, self._telemetry, self._rule)

    @asynccontextmanager
    async def reading_all(self) -> AsyncIterator[Reader]:
        """Open one snapshot for an operator: statements of `scope.select_of_all_tenants` run here alone."""
        async with self._transaction(self._reading) as transaction:
            yield Reader(transaction, None, self._telemetry, self._rule)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[UnitOfWork]:
        """Open a transaction of the bound tenant: committed at a clean end, rolled back after an error.

        The block ends once the write may be answered: settled, or handed to the write context.

        Raises:
            TenantNotBound: No tenant is bound.
            PoolExhausted: No connection became free in time.
        """
        tenant = current_tenant()
        async with self._in_turn(), self._transaction(self._writing) as transaction:
            unit = UnitOfWork(transaction, tenant, self._telemetry, self._rule)
            yield unit
            scopes, ids = await unit.commit(self._clock.time())
        await self._settle(scopes, ids)

    async def ping(self) -> None:
        """Ask the database whether it answers, and whether it may be written to.

        Raises:
            PoolExhausted: No connection became free in time.
            ConnectionLost: The database cannot be reached, or is a standby: no write could be served.
        """
        if is_sqlite(self._engine):
            async with self.reading_all() as reader:
                await reader.scalar(sa.select(sa.literal(1)))
            return
        async with self._transaction(self._writing) as transaction:
            # It deletes nothing, and is refused where nothing may be written (25006).
            nothing = sa.delete(CACHE_OUTBOX).where(sa.false())
            try:
                await self._telemetry.run(words_of(nothing), lambda: transaction.execute(nothing))
            except ConnectionLost:
                raise
            except StatementFailed:
                return  # it has answered: the tables are another matter, which the poll tells of

    async def aclose(self) -> None:
        """Close every connection."""
        if self._silence is not None:
            await self._silence.aclose()
        await self._engine.dispose()

    async def _settle(self, scopes: tuple[CacheScope, ...], ids: tuple[int, ...]) -> None:
        if not scopes:
            return
        commit = Commit(scopes, ids, self._clock.monotonic())
        if not hand_over(commit):
            await self._settlement.settle(commit)

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._pool.timeout_s):
                await self._turn.acquire()
        except TimeoutError:
            self._observer.pool_waited(self._pool.timeout_s, True)
            raise PoolExhausted(self._pool.timeout_s) from None
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[Transaction]:
        started = self._clock.monotonic()
        async with AsyncExitStack() as stack:
            try:
                transaction = await stack.enter_async_context(
                    opened(engine, self._clock, within_s=self._pool.timeout_s, silence=self._silence)
                )
            except PoolExhausted as failure:
                self._observer.pool_waited(failure.waited_s, True)
                raise
            self._observer.pool_waited(self._clock.monotonic() - started, False)
            self._size_pool()
            yield transaction
        self._size_pool()

    def _size_pool(self) -> None:
        pool = self._engine.pool
        if isinstance(pool, QueuePool):
            self._observer.pool_sized(pool.checkedin(), pool.checkedout(), self._pool.size)


async def _new_session(url: str, pool: PoolSettings) -> None:
    engine = make_engine(url, replace(pool, size=1))
    try:
        async with engine.connect() as connection:
            await connection.scalar(sa.select(sa.literal(1)))
    finally:
        await engine.dispose()
