"""Keeps one worker to the standing orders, and tells how many workers an order has reached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from uuid import uuid4

import structlog

from app.standing.book import OVERLAP, Order, OrderBook, OrderKind
from monitor.clock import Clock
from monitor.errors import MonitorError

LOOK_S = 0.25
_REPORT_S = 5.0
_PATIENCE_S = 1.0

_log = structlog.get_logger(__name__)


class Reach(NamedTuple):
    """How far an order came within a second.

    Attributes:
        reached: Workers that keep to it.
        missing: Workers that were there lately and have not said that they saw it; they will when they look.
    """

    reached: int
    missing: int


class OrderFollower:
    """Looks into the book four times a second.

    Args:
        book: The book.
        clock: Time.
        takers: Told of each order once, the oldest first.
        besides: Called at each look: what else is to be noticed within a moment.
    """

    def __init__(
        self,
        book: OrderBook,
        clock: Clock,
        takers: Sequence[Callable[[Order], None]],
        besides: Callable[[], None] = lambda: None,
    ) -> None:
        self._book = book
        self._clock = clock
        self._takers = takers
        self._besides = besides
        self._worker = uuid4().hex
        self._known: set[int] = set()
        self._seen = 0
        self._told = -1
        self._reported = 0.0
        self._failing = False
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look once, then again and again until the block ends."""
        await self._try()
        looking = asyncio.ensure_future(self._look_on())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            with suppress(MonitorError):
                await self._book.leave(self._worker)
            await self._book.aclose()

    async def look(self) -> None:
        """Take what is new in the book.

        Raises:
            StatementFailed: The database could not be asked.
        """
        async with self._turn:
            self._besides()
            for order in await self._book.read(self._seen):
                if order.id not in self._known:
                    self._known.add(order.id)
                    self._seen = max(self._seen, order.id)
                    for take in self._takers:
                        take(order)
            # What is far behind is not read again.
            self._known = {known for known in self._known if known > self._seen - 2 * OVERLAP}
            if self._seen != self._told or self._clock.monotonic() - self._reported > _REPORT_S:
                await self._book.report(self._worker, self._seen)
                self._told, self._reported = self._seen, self._clock.monotonic()

    async def order(
        self,
        kind: OrderKind,
        *,
        subject: str = "",
        clinic: int | None = None,
        value: str = "",
        lasts_s: float,
    ) -> Reach:
        """Write an order, and return once every worker keeps to it, or after a second.

        Raises:
            StatementFailed: The database could not be asked; nothing was ordered.
        """
        written = await self._book.write(kind, subject=subject, clinic=clinic, value=value, lasts_s=lasts_s)
        gives_up = self._clock.monotonic() + _PATIENCE_S
        while True:
            await self.look()
            seen = await self._book.seen_by()
            reached = sum(number >= written for number in seen.values())
            if reached == len(seen) or self._clock.monotonic() >= gives_up:
                return Reach(reached, len(seen) - reached)
            await self._clock.sleep(LOOK_S / 5)

    async def _look_on(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            await self._try()

    async def _try(self) -> None:
        try:
            await self.look()
        except MonitorError as failure:
            if not self._failing:
                _log.warning("standing_orders_unread", error_type=type(failure).__name__)
            self._failing = True
        else:
            self._failing = False
