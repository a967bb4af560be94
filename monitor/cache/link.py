"""One multiplexed connection to a store: many callers, commands in order, replies in order.

Callers never touch the connection. One task sends what has gathered, another receives;
a caller that is cancelled leaves its reply to be read and thrown away, so no other caller
can ever be handed it (the failure behind redis-py #2624).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from monitor.cache.breaker import Breaker
from monitor.cache.observer import CacheObserver
from monitor.cache.trip import CallTrip, Trip
from monitor.clock import Clock
from monitor.errors import StoreUnavailable


class Wire(Protocol):
    """A connection that is open, and whose server's incarnation is known."""

    @property
    def incarnation(self) -> str: ...

    async def send(self, commands: Sequence[tuple[Any, ...]]) -> int:
        """Send commands without a look at replies; return how many bytes."""
        ...

    async def receive(self) -> Any:
        """Return the next reply: an error reply as a StoreUnavailable; a lost connection raises one."""
        ...

    async def aclose(self) -> None: ...


_LATE = 0.2  # share of the timeout by which a late timer tells of a late loop
_MOST_EXTENSIONS = 4
_GRACE_S = 0.001

Dial = Callable[[], Coroutine[Any, Any, Wire]]


class Link:
    """The connection to one server, opened when it is needed and dropped at the first doubt.

    A dropped connection is never resumed: what was on it fails, the next trip dials anew.
    Nothing is ever sent twice.

    Args:
        dial: Opens a connection to today's primary, or raises StoreUnavailable.
        breaker: Refuses trips while the server does not answer.
        observer: Told each round trip.
        clock: Monotonic time for durations.
        timeout_s: Longest a trip may take, connecting included.
    """

    def __init__(
        self, dial: Dial, breaker: Breaker, observer: CacheObserver, clock: Clock, timeout_s: float
    ) -> None:
        self._dial = dial
        self._breaker = breaker
        self._observer = observer
        self._clock = clock
        self._timeout_s = timeout_s
        self._queue: list[Trip] = []
        self._sent: deque[Trip] = deque()
        self._wire: Wire | None = None
        self._sender: asyncio.Task[None] | None = None
        self._receiver: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    def submit(self, trip: Trip) -> None:
        """Queue a trip; it leaves in the next iteration of the loop, with what else has gathered."""
        if self._closed:
            _refuse(trip, "connection")
        elif self._breaker.closed:
            self._queued(trip)
        else:
            _refuse(trip, "breaker_open")
            if self._breaker.probe_due():
                self._probe()

    async def call(self, operation: str, commands: Sequence[tuple[Any, ...]]) -> tuple[Sequence[Any], str]:
        """Send `commands` together; return their replies and the incarnation that gave them.

        Raises:
            StoreUnavailable: No answer, or an error reply among the replies.
        """
        trip = CallTrip(operation, commands)
        self.submit(trip)
        return await trip.done

    def drop(self, reason: str) -> None:
        """Give the connection up: everything on it fails with `reason`."""
        wire, self._wire = self._wire, None
        lost, self._sent = self._sent, deque()
        if self._receiver is not None:
            self._receiver.cancel()
            self._receiver = None
        if wire is not None:
            self._close(wire)
        for trip in lost:
            self._failed(trip, reason)

    async def aclose(self) -> None:
        """Close the connection; trips under way fail."""
        self._closed = True
        sender = self._sender
        if sender is not None:
            sender.cancel()
            await asyncio.wait((sender,))
        queued, self._queue = self._queue, []
        for trip in queued:
            self._failed(trip, "connection")
        self.drop("connection")
        while self._closing:
            await asyncio.wait(tuple(self._closing))

    def _probe(self) -> None:
        trip = CallTrip("probe", (("PING",),))
        trip.done.add_done_callback(_seen)
        self._queued(trip)

    def _queued(self, trip: Trip) -> None:
        trip.started_at = self._clock.monotonic()
        trip.deadline = asyncio.get_running_loop().call_later(self._timeout_s, self._expire, trip)
        self._queue.append(trip)
        if self._sender is None:
            self._sender = asyncio.ensure_future(self._send())

    async def _send(self) -> None:
        try:
            while self._queue:
                wire = self._wire or await self._connected()
                commands = self._leaving()
                if commands:
                    self._observer.moved("write", await wire.send(commands))
        except StoreUnavailable as failure:
            self._lost(failure.reason)
        finally:
            self._sender = None

    def _leaving(self) -> list[tuple[Any, ...]]:
        # No await between taking the queue and noting its trips as sent: replies come back in this order.
        trips, self._queue = self._queue, []
        now = self._clock.monotonic()
        self._sent.extend(trips)
        return [command for trip in trips for command in trip.leave(now)]

    async def _connected(self) -> Wire:
        wire = self._wire = await self._dial()
        self._receiver = asyncio.ensure_future(self._receive(wire))
        return wire

    async def _receive(self, wire: Wire) -> None:
        try:
            while True:
                reply = await wire.receive()
                if not self._sent:
                    raise StoreUnavailable("receive", "protocol")  # noqa: TRY301 - a reply to nothing is a lost connection
                trip = self._sent[0]
                if trip.take(reply):
                    self._sent.popleft()
                    self._landed(trip, wire.incarnation)
        except StoreUnavailable as failure:
            if self._wire is wire:
                self._receiver = None
                self._lost(failure.reason)

    def _landed(self, trip: Trip, incarnation: str) -> None:
        trip.end()
        replies = trip.replies
        refused = next((reply for reply in replies if isinstance(reply, StoreUnavailable)), None)
        seconds = self._clock.monotonic() - trip.started_at
        self._breaker.succeeded()
        if refused is not None:
            self._observer.store_called(trip.operation, seconds, refused.reason)
            trip.fail(refused.reason)
            if refused.reason == "moved":
                self.drop("moved")
            return
        self._observer.store_called(trip.operation, seconds, None)
        self._observer.moved("read", trip.size(replies))
        trip.land(replies, incarnation)

    def _lost(self, reason: str) -> None:
        queued, self._queue = self._queue, []
        empty = not queued and not self._sent
        self.drop(reason)
        for trip in queued:
            self._failed(trip, reason)
        if not empty:
            self._breaker.failed()

    def _expire(self, trip: Trip) -> None:
        if trip.deadline is None:
            return
        loop = asyncio.get_running_loop()
        late_s = loop.time() - trip.deadline.when()
        if late_s > self._timeout_s * _LATE and trip.extensions < _MOST_EXTENSIONS:
            # A loop that was busy elsewhere may hold the reply unread: no fault of the server's, and
            # a breaker that opened now would send an overloaded service to its database as well.
            trip.extensions += 1
            trip.deadline = loop.call_later(self._timeout_s, self._expire, trip)
            return
        # What has arrived by now is read before the trip is given up.
        trip.deadline = loop.call_later(_GRACE_S, loop.call_soon, self._expired, trip)

    def _expired(self, trip: Trip) -> None:
        if trip.deadline is None:
            return
        if trip.sent_at:
            # Whatever was sent after it waits behind it: a late reply would answer nobody in time.
            self.drop("timeout")
        else:
            if trip in self._queue:
                self._queue.remove(trip)
            self._failed(trip, "timeout")
        self._breaker.failed()

    def _failed(self, trip: Trip, reason: str) -> None:
        trip.end()
        self._observer.store_called(trip.operation, self._clock.monotonic() - trip.started_at, reason)
        _refuse(trip, reason)

    def _close(self, wire: Wire) -> None:
        closing = asyncio.ensure_future(wire.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def _refuse(trip: Trip, reason: str) -> None:
    trip.closed = True
    trip.fail(reason)


def _seen(done: asyncio.Future[Any]) -> None:
    if not done.cancelled():
        done.exception()
