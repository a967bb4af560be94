"""Concurrent loads of one thing become one, and no caller can end it for the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Gone = Callable[[], Awaitable[None]]
"""Returns once a caller has gone, and never before."""


class Flight(Generic[T]):
    """One load and those who wait for it.

    Attributes:
        outcome: What it brings; every caller shields it.
        deserted_while_asked: Whether the load was told that its last caller has gone.
    """

    def __init__(self, outcome: asyncio.Future[T]) -> None:
        self.outcome = outcome
        self.deserted_while_asked: bool = False
        self._callers: set[_Caller] = set()
        self._empty = asyncio.Event()
        self._watched = False

    @contextmanager
    def aboard(self, gone: Gone | None) -> Iterator[asyncio.Future[T]]:
        """Be a caller as long as the block lasts, or until `gone` returns; None: as long as the block."""
        caller = _Caller(gone)
        self._callers.add(caller)
        self._empty.clear()
        if self._watched:
            caller.watch(self._left)
        try:
            yield self.outcome
        finally:
            self._left(caller)

    def keep(self) -> None:
        """Go on whoever leaves: what it loads is wanted for those who come later."""
        self._callers.add(_Caller(None))
        self._empty.clear()

    async def deserted(self) -> None:
        """Return once the last caller has gone; callers are watched only from the first question on."""
        if not self._watched:
            self._watched = True
            for caller in self._callers:
                caller.watch(self._left)
        await self._empty.wait()
        self.deserted_while_asked = True

    def _left(self, caller: _Caller) -> None:
        caller.unwatch()
        self._callers.discard(caller)
        if not self._callers:
            self._empty.set()


class _Caller:
    """Who waits, and the task that notices that it has gone."""

    __slots__ = ("_gone", "_watch")

    def __init__(self, gone: Gone | None) -> None:
        self._gone = gone
        self._watch: asyncio.Future[None] | None = None

    def watch(self, left: Callable[[_Caller], None]) -> None:
        if self._gone is not None and self._watch is None:
            self._watch = asyncio.ensure_future(self._notice(self._gone, left))

    def unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    async def _notice(self, gone: Gone, left: Callable[[_Caller], None]) -> None:
        await gone()
        self._watch = None
        left(self)


_CURRENT: ContextVar[Flight[Any] | None] = ContextVar("monitor_flight", default=None)


def current_flight() -> Flight[Any] | None:
    """Return the flight that the running task loads for; None outside one."""
    return _CURRENT.get()


Work = Callable[["asyncio.Future[T]"], Awaitable[None]]


class SingleFlight(Generic[T]):
    """One task for each key, its outcome in a future that every caller shields.

    The cache keys it by (key, epoch, generations): a read that begins after a write was
    answered has read another generation, so it never joins a load that began before.
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight[T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._flights)

    def current(self, key: Hashable) -> Flight[T] | None:
        """Return the flight under way for `key`, if there is one that somebody still waits for."""
        flight = self._flights.get(key)
        # What listens for its callers ends when they have gone: whoever comes now needs a load of its own.
        return None if flight is None or flight.deserted_while_asked else flight

    def begin(self, key: Hashable, work: Work[T]) -> Flight[T]:
        """Start `work` in a task of its own.

        It sets the future it is given as soon as callers can be answered and may go on after
        that; until it returns, newcomers find the flight.
        """
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        outcome.add_done_callback(_mark_seen)
        flight = self._flights[key] = Flight(outcome)
        task = asyncio.ensure_future(self._fly(key, flight, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return flight

    async def _fly(self, key: Hashable, flight: Flight[T], work: Work[T]) -> None:
        outcome = flight.outcome
        _CURRENT.set(flight)
        try:
            await work(outcome)
        except BaseException as failure:
            if isinstance(failure, asyncio.CancelledError):
                outcome.cancel()
                raise
            if not outcome.done():
                outcome.set_exception(failure)
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]

    async def aclose(self) -> None:
        """Wait for every flight under way."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))


def _mark_seen(outcome: asyncio.Future[T]) -> None:
    # All callers may have left; an exception that nobody fetches is not a mistake then.
    if not outcome.cancelled():
        outcome.exception()
