"""The outbox in the database, on connections of its own, so that a full pool cannot starve the lease."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from opentelemetry.trace import NoOpTracer
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.clock import Clock
from monitor.consistency import outbox_statements as outbox
from monitor.consistency.protocol import OutboxNews, Timing
from monitor.database.connections import (
    can_listen,
    for_single_statements,
    for_writing,
    is_sqlite,
    make_engine,
)
from monitor.database.database_observer import DatabaseObserver
from monitor.database.database_settings import APPLICATION_NAME, PoolSettings
from monitor.database.statements import COMMIT, words_of
from monitor.database.telemetry import StatementTelemetry
from monitor.database.transaction import LOST, Transaction, lost, opened
from monitor.errors import ConstraintViolated

CHANNEL = "cache_outbox"
_UNREAD_NEWS = 64
_CONNECTIONS, _POLLING = PoolSettings(size=2, timeout_s=1.0), PoolSettings(size=1, timeout_s=1.0)


class OutboxStore:
    """Keeps the contract of `Outbox` on PostgreSQL and SQLite.

    Args:
        url: The database's.
        observer: Receives the statements; they belong to no request, so none becomes a span.
        clock: Time.
        timing: The protocol's limits.
        application_name: How PostgreSQL names its connections.
    """

    def __init__(
        self,
        url: str,
        *,
        observer: DatabaseObserver,
        clock: Clock,
        timing: Timing,
        application_name: str = APPLICATION_NAME,
    ) -> None:
        connections, polling = (
            replace(pool, application_name=application_name) for pool in (_CONNECTIONS, _POLLING)
        )
        engine = make_engine(url, connections)
        self._sqlite = is_sqlite(engine)
        self._polling = for_single_statements(make_engine(url, polling))
        self._engine, self._writing = for_single_statements(engine), for_writing(engine)
        self._clock = clock
        self._limit = timing.poll_limit
        self._poll = outbox.poll(self._limit)
        self._connection: AsyncConnection | None = None
        self._news: asyncio.Queue[OutboxNews] = asyncio.Queue(_UNREAD_NEWS)
        self._telemetry = StatementTelemetry(
            system=engine.dialect.name,
            namespace="",
            observer=observer,
            tracer=NoOpTracer(),
            clock=clock,
            slow_query_s=timing.poll_s,
        )

    async def poll(self) -> outbox.OutboxSnapshot:
        """Return epoch and rows; see `Outbox`."""
        try:
            connection = self._connection or await self._listening()
            answer = (await self._execute(connection, self._poll)).all()
        except BaseException:
            await self._drop_connection()
            raise
        return outbox.snapshot_of(answer, self._limit)

    async def resolve(self, ids: Sequence[int], incarnation: str) -> None:
        """Delete rows; see `Outbox`."""
        await self._run(outbox.resolve(ids, incarnation))

    async def adopt(self, epoch: int, incarnation: str) -> bool:
        """Begin an epoch; see `Outbox`."""
        with suppress(ConstraintViolated):  # another worker has begun that epoch: the next poll tells which
            await self._run(outbox.adopt(epoch, incarnation))
        return not (await self._run(outbox.is_over(incarnation))).all()

    async def adopt_again(self, epoch: int, incarnation: str) -> None:
        """Begin an epoch; see `Outbox`."""
        with suppress(ConstraintViolated):  # the same
            await self._run(outbox.adopt_again(epoch, incarnation))

    async def suspend(self) -> None:
        """Insert a `suspended` row; see `Outbox`."""
        await self._run(outbox.suspend(self._clock.time()))

    async def suspensions(self) -> Sequence[int]:
        """Return the `suspended` rows' ids; see `Outbox`."""
        return (await self._run(outbox.suspensions())).scalars().all()

    async def holds_any(self, ids: Sequence[int]) -> bool:
        """Look for rows; see `Outbox`."""
        return bool((await self._run(outbox.still_there(ids))).all())

    async def notify(self, news: OutboxNews) -> None:
        """Tell every worker on PostgreSQL, this one alone on SQLite; see `Outbox`."""
        if self._sqlite:
            self._keep_news(news)
        else:
            await self._run(sa.select(sa.func.pg_notify(CHANNEL, news.value)))

    async def notified(self) -> OutboxNews:
        """Return news; see `Outbox`."""
        return await self._news.get()

    async def rows(self, statement: sa.Executable) -> Sequence[sa.Row[Any]]:
        """Run one statement on the outbox and return its rows."""
        return (await self._run(statement)).all()

    async def transact(self, statements: Sequence[sa.Executable]) -> None:
        """Run statements on the outbox in one transaction.

        Raises:
            StatementFailed: One of them failed; none has run.
        """
        async with opened(self._writing, self._clock) as transaction:
            for statement in statements:
                await self._execute(transaction, statement)
            await self._telemetry.run(COMMIT, transaction.commit)

    async def aclose(self) -> None:
        """Close every connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                await connection.close()
        await self._polling.dispose()
        await self._engine.dispose()

    async def _run(self, statement: sa.Executable) -> CursorResult[Any]:
        async with opened(self._engine, self._clock) as transaction:
            return await self._execute(transaction, statement)

    async def _execute(
        self, where: Transaction | AsyncConnection, statement: sa.Executable
    ) -> CursorResult[Any]:
        return await self._telemetry.run(words_of(statement), lambda: where.execute(statement))

    async def _listening(self) -> AsyncConnection:
        try:
            # Kept at once: whatever goes wrong from here on, `poll` must be able to drop it.
            connection = self._connection = await self._polling.connect()
            if not self._sqlite and await can_listen(connection):
                driver: Any = (await connection.get_raw_connection()).driver_connection
                await driver.add_listener(CHANNEL, self._heard)
        except LOST as failure:
            raise lost("CONNECT", failure) from None
        return connection

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        with suppress(ValueError):
            self._keep_news(OutboxNews(payload))

    def _keep_news(self, news: OutboxNews) -> None:
        with suppress(asyncio.QueueFull):  # whoever has not read so much will poll anyway
            self._news.put_nowait(news)

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                await connection.invalidate()
            with suppress(Exception):
                await connection.close()
