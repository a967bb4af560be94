"""One multiplexed connection to a store: many callers, commands in order, replies in order.

Callers never touch the connection. What has gathered in one iteration of the event loop is
sent in the next, and replies come by callback: neither needs a task. A caller that is
cancelled leaves its reply to be read and thrown away, so no other caller can ever be handed
it (the failure behind redis-py #2624).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol

from monitor.cache.cache_observer import CacheObserver
from monitor.clock import Clock
from monitor.errors import StoreUnavailable
from monitor.redis.adaptive_timeout import AdaptiveTimeout
from monitor.redis.circuit_breaker import CircuitBreaker
from monitor.redis.connection_faults import ConnectLog, fault_of
from monitor.redis.round_trip import CallRoundTrip, RoundTrip

Replied = Callable[[Any], None]
"""Takes one reply; an error reply comes as a StoreUnavailable."""
Lost = Callable[[str], None]
"""Takes the reason why a connection ended."""


class Wire(Protocol):
    """A connection that is open, and whose server's incarnation is known."""

    @property
    def incarnation(self) -> str: ...

    def listen(self, replied: Replied, lost: Lost) -> None:
        """Tell every reply, in order, and at the end why there are no more."""
        ...

    def send(self, commands: Sequence[tuple[Any, ...]]) -> int:
        """Send commands without a look at replies; return how many bytes. It never waits.

        Raises:
            StoreUnavailable: The connection is lost.
        """
        ...

    def close(self) -> None:
        """Close it at once, and tell nothing more."""
        ...


_LATE = 0.2  # share of the timeout by which a late timer tells of a late loop
_MOST_EXTENSIONS = 4
_GRACE_S = 0.001

Dial = Callable[[], Coroutine[Any, Any, Wire]]


class Multiplexer:
    """The connection to one server, opened when it is needed and dropped at the first doubt.

    A dropped connection is never resumed: what was on it fails, the next trip dials anew.
    Nothing is ever sent twice.

    Attributes:
        connects: What the last attempt to connect met.

    Args:
        dial: Opens a connection to today's primary, or raises StoreUnavailable.
        breaker: Refuses trips while the server does not answer.
        observer: Told each round trip.
        clock: Monotonic time for durations.
        timeout_s: Longest a trip may take, connecting included; longer where answers have become slow: see
            `AdaptiveTimeout`.
    """

    def __init__(
        self, dial: Dial, breaker: CircuitBreaker, observer: CacheObserver, clock: Clock, timeout_s: float
    ) -> None:
        self._dial = dial
        self._breaker = breaker
        self._observer = observer
        self._clock = clock
        self._patience = AdaptiveTimeout(timeout_s)
        self._queue: list[RoundTrip] = []
        self._sent: deque[RoundTrip] = deque()
        self._wire: Wire | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._leaving: asyncio.Handle | None = None
        self._closed = False
        self.connects: ConnectLog = ConnectLog()

    def submit(self, trip: RoundTrip) -> None:
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
        trip = CallRoundTrip(operation, commands)
        self.submit(trip)
        return await trip.done

    def drop(self, reason: str) -> None:
        """Give the connection up: everything on it fails with `reason`."""
        wire, self._wire = self._wire, None
        lost, self._sent = self._sent, deque()
        if wire is not None:
            wire.close()
        for trip in lost:
            self._failed(trip, reason)

    async def aclose(self) -> None:
        """Close the connection; trips under way fail."""
        self._closed = True
        if self._dialling is not None:
            self._dialling.cancel()
            await asyncio.wait((self._dialling,))
        queued, self._queue = self._queue, []
        for trip in queued:
            self._failed(trip, "connection")
        self.drop("connection")

    def _probe(self) -> None:
        trip = CallRoundTrip("probe", (("PING",),))
        trip.done.add_done_callback(_seen)
        self._queued(trip)

    def _queued(self, trip: RoundTrip) -> None:
        trip.started_at = self._clock.monotonic()
        trip.deadline = asyncio.get_running_loop().call_later(self._patience.seconds, self._expire, trip)
        self._queue.append(trip)
        self._look_after()

    def _look_after(self) -> None:
        if self._leaving is not None or self._dialling is not None:
            return
        if self._wire is None:
            self._dialling = asyncio.ensure_future(self._connect())
        else:
            self._leaving = asyncio.get_running_loop().call_soon(self._leave)

    async def _connect(self) -> None:
        try:
            wire = await self._dial()
        except Exception as failure:  # noqa: BLE001 - a dial that ends unseen would be the last one ever
            fault = fault_of(failure)
            self._dialling = None
            self.connects.failed(fault)
            self._lost(fault.reason)
            return
        self._dialling = None
        self.connects.connected()
        self._wire = wire
        wire.listen(partial(self._replied, wire), self._lost)
        self._leave()

    def _leave(self) -> None:
        self._leaving = None
        wire = self._wire
        if wire is None:
            if self._queue:
                self._look_after()
            return
        commands = self._taken()
        if commands:
            try:
                self._observer.moved("write", wire.send(commands))
            except StoreUnavailable as failure:
                self._lost(failure.reason)

    def _taken(self) -> list[tuple[Any, ...]]:
        # Nothing may come between taking the queue and noting its trips as sent: replies keep this order.
        trips, self._queue = self._queue, []
        now = self._clock.monotonic()
        self._sent.extend(trips)
        return [command for trip in trips for command in trip.leave(now)]

    def _replied(self, wire: Wire, reply: Any) -> None:
        if not self._sent:
            self._lost("protocol")  # a reply to nothing
            return
        trip = self._sent[0]
        if trip.take(reply):
            self._sent.popleft()
            self._completed(trip, wire.incarnation)

    def _completed(self, trip: RoundTrip, incarnation: str) -> None:
        trip.end()
        replies = trip.replies
        refused = next((reply for reply in replies if isinstance(reply, StoreUnavailable)), None)
        now = self._clock.monotonic()
        seconds = now - trip.started_at
        self._patience.answered(seconds, now)
        self._breaker.succeeded()
        if refused is not None:
            self._observer.store_called(trip.operation, seconds, refused.reason)
            trip.fail(refused.reason, refused.detail)
            if refused.reason == "moved":
                self.drop("moved")
            return
        self._observer.store_called(trip.operation, seconds, None)
        self._observer.moved("read", trip.size(replies))
        trip.complete(replies, incarnation)

    def _lost(self, reason: str) -> None:
        queued, self._queue = self._queue, []
        empty = not queued and not self._sent
        self.drop(reason)
        for trip in queued:
            self._failed(trip, reason)
        if not empty:
            self._breaker.failed()

    def _expire(self, trip: RoundTrip) -> None:
        if trip.deadline is None:
            return
        loop = asyncio.get_running_loop()
        late_s, patience_s = loop.time() - trip.deadline.when(), self._patience.seconds
        if late_s > patience_s * _LATE and trip.extensions < _MOST_EXTENSIONS:
            # A loop that was busy elsewhere may hold the reply unread: no fault of the server's, and
            # a breaker that opened now would send an overloaded service to its database as well.
            trip.extensions += 1
            trip.deadline = loop.call_later(patience_s, self._expire, trip)
            return
        # What has arrived by now is read before the trip is given up.
        trip.deadline = loop.call_later(_GRACE_S, loop.call_soon, self._expired, trip)

    def _expired(self, trip: RoundTrip) -> None:
        if trip.deadline is None:
            return
        self._patience.gave_up(self._clock.monotonic())
        if trip.sent_at:
            # Whatever was sent after it waits behind it: a late reply would answer nobody in time.
            self.drop("timeout")
        else:
            if trip in self._queue:
                self._queue.remove(trip)
            self._failed(trip, "timeout")
        self._breaker.failed()

    def _failed(self, trip: RoundTrip, reason: str) -> None:
        trip.end()
        self._observer.store_called(trip.operation, self._clock.monotonic() - trip.started_at, reason)
        _refuse(trip, reason)


def _refuse(trip: RoundTrip, reason: str) -> None:
    trip.closed = True
    trip.fail(reason)


def _seen(done: asyncio.Future[Any]) -> None:
    if not done.cancelled():
        done.exception()
