"""The book of the standing orders, in the database, on a connection of its own.

A full pool cannot keep a worker from reading what it must keep to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
import sqlalchemy.exc as sa_exc
from sqlalchemy.ext.asyncio import AsyncEngine

from app.housekeeping import STANDING_ORDERS, WORKER_REPORTS
from monitor.clock import Clock
from monitor.database.connections import for_writing, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.errors import StatementFailed

# Ids are given before their transactions end: an order may show up after one with a higher id.
OVERLAP = 256
_GONE_S = 15.0
_KEPT_S = 86_400.0


class OrderKind(StrEnum):
    """What an order is about."""

    TOKEN = "token"  # noqa: S105 - one token is withdrawn
    USER = "user"  # every token of a user up to now is withdrawn
    FAULT = "fault"  # the fault of a drill, in place of the one before


class Order(NamedTuple):
    """One order.

    Attributes:
        id: Its place in the book.
        kind: What it is about.
        clinic: Whose; None for the operators.
        subject: Which token or user.
        value: What is ordered, as JSON; empty: that it ends.
        created_at: Seconds since the Unix epoch.
        ends_at: The same.
    """

    id: int
    kind: OrderKind
    clinic: int | None
    subject: str
    value: str
    created_at: float
    ends_at: float


class OrderBook:
    """Reads and writes the orders, and who has seen them.

    Args:
        url: The database's.
        clock: Time.
        application_name: How PostgreSQL names the connection.
    """

    def __init__(self, url: str, clock: Clock, *, application_name: str) -> None:
        pool = PoolSettings(size=1, timeout_s=2.0, application_name=application_name)
        self._engine = make_engine(url, pool)
        self._writing = for_writing(self._engine)
        self._clock = clock

    async def read(self, seen: int) -> Sequence[Order]:
        """Return the orders in force that a reader of the book up to `seen` may not know, oldest first.

        Raises:
            StatementFailed: The database could not be asked.
        """
        orders = STANDING_ORDERS
        wanted = sa.select(orders).where(orders.c.id > seen - OVERLAP, orders.c.ends_at > self._clock.time())
        rows: Any = await self._run("SELECT standing_orders", wanted.order_by(orders.c.id), on=self._engine)
        return [Order(**{**row, "kind": OrderKind(row["kind"])}) for row in rows]

    async def write(
        self, kind: OrderKind, *, subject: str, clinic: int | None, value: str, lasts_s: float
    ) -> int:
        """Write an order and return its id; what has long ended is taken out of the book.

        Raises:
            StatementFailed: The database could not be asked; nothing was written.
        """
        now = self._clock.time()
        row = {"kind": kind.value, "clinic": clinic, "subject": subject, "value": value}
        ended = sa.delete(STANDING_ORDERS).where(STANDING_ORDERS.c.ends_at < now - _KEPT_S)
        written = sa.insert(STANDING_ORDERS).values(**row, created_at=now, ends_at=now + lasts_s)
        found = await self._run("INSERT standing_orders", ended, written.returning(STANDING_ORDERS.c.id))
        return int(found[0]["id"])

    async def report(self, worker: str, seen: int) -> None:
        """Note that a worker is there and has seen the book up to `seen`; raises as `write`."""
        now = self._clock.time()
        old = (WORKER_REPORTS.c.worker == worker) | (WORKER_REPORTS.c.at < now - _KEPT_S)
        row = sa.insert(WORKER_REPORTS).values(worker=worker, seen=seen, at=now)
        await self._run("INSERT worker_reports", sa.delete(WORKER_REPORTS).where(old), row)

    async def leave(self, worker: str) -> None:
        """Note that a worker is no more; raises as `write`."""
        own = sa.delete(WORKER_REPORTS).where(WORKER_REPORTS.c.worker == worker)
        await self._run("DELETE worker_reports", own)

    async def seen_by(self) -> Mapping[str, int]:
        """Return up to where each living worker has seen the book; raises as `read`."""
        living = WORKER_REPORTS.c.at > self._clock.time() - _GONE_S
        rows = await self._run(
            "SELECT worker_reports", sa.select(WORKER_REPORTS).where(living), on=self._engine
        )
        return {row["worker"]: row["seen"] for row in rows}

    async def aclose(self) -> None:
        """Close the connection."""
        await self._engine.dispose()

    async def _run(
        self, summary: str, *statements: sa.Executable, on: AsyncEngine | None = None
    ) -> Sequence[Mapping[str, Any]]:
        # A driver that is broken off inside a statement loses its connection: whoever leaves lets it end.
        running = asyncio.ensure_future(self._transact(summary, statements, on or self._writing))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait((running,))
            raise

    async def _transact(
        self, summary: str, statements: Sequence[sa.Executable], engine: AsyncEngine
    ) -> Sequence[Mapping[str, Any]]:
        try:
            async with engine.begin() as connection:
                rows: Sequence[Mapping[str, Any]] = ()
                for statement in statements:
                    result = await connection.execute(statement)
                    rows = [dict(row) for row in result.mappings()] if result.returns_rows else []
                return rows
        except (sa_exc.SQLAlchemyError, OSError) as failure:
            # The driver's own message may quote a row.
            raise StatementFailed(summary, type(failure).__name__) from None
