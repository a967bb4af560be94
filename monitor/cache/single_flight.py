"""Concurrent loads of one thing become one, and no caller can end it for the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

Work = Callable[["asyncio.Future[T]"], Awaitable[None]]


class SingleFlight(Generic[T]):
    """One task for each key, its outcome in a future that every caller shields.

    The cache keys it by (key, epoch, generations): a read that begins after a write was
    answered has read another generation, so it never joins a load that began before.
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Future[T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._flights)

    def current(self, key: Hashable) -> asyncio.Future[T] | None:
        """Return the flight under way for `key`, if there is one."""
        return self._flights.get(key)

    def begin(self, key: Hashable, work: Work[T]) -> asyncio.Future[T]:
        """Start `work` in a task of its own.

        It sets the future it is given as soon as callers can be answered and may go on after
        that; until it returns, newcomers find the flight.
        """
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        outcome.add_done_callback(_mark_seen)
        self._flights[key] = outcome
        task = asyncio.ensure_future(self._fly(key, outcome, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return outcome

    async def _fly(self, key: Hashable, outcome: asyncio.Future[T], work: Work[T]) -> None:
        try:
            await work(outcome)
        except BaseException as failure:
            if isinstance(failure, asyncio.CancelledError):
                outcome.cancel()
                raise
            if not outcome.done():
                outcome.set_exception(failure)
        finally:
            if self._flights.get(key) is outcome:
                del self._flights[key]

    async def aclose(self) -> None:
        """Wait for every flight under way."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))


def _mark_seen(outcome: asyncio.Future[T]) -> None:
    # All callers may have left; an exception that nobody fetches is not a mistake then.
    if not outcome.cancelled():
        outcome.exception()
