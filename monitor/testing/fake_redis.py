"""A Redis that fails as told: for tests of what a cache promises while its store breaks.

`FakeRedis` is the service name behind which one primary counts; `FakeRedisStore` is one
worker's connection to it, with faults of its own. Nothing waits for real time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import count
from typing import TypeVar

from monitor.cache.store import StoreReading
from monitor.clock import Clock
from monitor.errors import StoreUnavailable

T = TypeVar("T")


class FakePrimary:
    """One run of a primary.

    Attributes:
        incarnation: Its run and replication ids.
        held: Values by key, with the monotonic time at which each expires.
        answers: Whether those still connected to it get answers.
    """

    def __init__(self, incarnation: str, held: Mapping[str, tuple[bytes, float]]) -> None:
        self.incarnation = incarnation
        self.held: dict[str, tuple[bytes, float]] = dict(held)
        self.answers = True


class FakeRedis:
    """The address under which clients find today's primary.

    Attributes:
        refuses: Writes of keys that hold this text are refused while everything else is answered:
            "" for all, as of a server that is out of memory, short of replicas or guarded by an
            ACL; a part of some, as of a slot left migrating. None: it takes all.
    """

    def __init__(self) -> None:
        self._runs = count(1)
        self.primary: FakePrimary = FakePrimary(self._next_run(), {})
        self.refuses: str | None = None

    def copy(self) -> Mapping[str, tuple[bytes, float]]:
        """Return what the primary holds now, as a replica or a snapshot file would keep it."""
        return dict(self.primary.held)

    def restart(self, held: Mapping[str, tuple[bytes, float]] | None = None) -> None:
        """End the primary's run and begin another, empty or with what `copy` returned."""
        self.primary.answers = False
        self.primary = FakePrimary(self._next_run(), held or {})

    def fail_over(self, held: Mapping[str, tuple[bytes, float]]) -> None:
        """Make a replica the primary; the old one goes on answering whoever is connected to it."""
        self.primary = FakePrimary(self._next_run(), held)

    def evict(self, part: str = "") -> None:
        """Forget every key that holds `part`."""
        for key in [key for key in self.primary.held if part in key]:
            del self.primary.held[key]

    def _next_run(self) -> str:
        return f"run-{next(self._runs)}"


class RedisFault(StrEnum):
    """What becomes of a command."""

    NONE = "none"
    REFUSED = "refused"  # the connection is down: it never runs
    QUEUED = "queued"  # it times out, and runs when `run_queued` lets it
    UNANSWERED = "unanswered"  # it runs at once, its answer is lost


class Gate:
    """Holds one call at a chosen moment: `await reached.wait()`, do what must come first, `open.set()`."""

    def __init__(self) -> None:
        self.reached: asyncio.Event = asyncio.Event()
        self.open: asyncio.Event = asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.open.wait()


class FakeRedisStore:
    """One worker's connection; keeps the contract of `Store`.

    Attributes:
        fault: What becomes of every command.
        write_fault: What becomes of those that write, where `fault` is none.
        before: Gates by operation, passed before the command runs.
        after: Gates by operation, passed after it ran and before its answer is seen.
        calls: The operations sent, in order.
        signals: None: its workers load for themselves.
    """

    signals: None = None

    def __init__(self, redis: FakeRedis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._connected = redis.primary
        self._queued: list[tuple[FakePrimary, Callable[[], object]]] = []
        self.fault = RedisFault.NONE
        self.write_fault = RedisFault.NONE
        self.before: dict[str, Gate] = {}
        self.after: dict[str, Gate] = {}
        self.calls: list[str] = []

    def run_queued(self) -> None:
        """Run what timed out, on the primaries it was sent to, as far as those still answer."""
        queued, self._queued = self._queued, []
        for primary, command in queued:
            if primary.answers:
                with suppress(StoreUnavailable):
                    command()

    async def read(self, keys: Sequence[str]) -> StoreReading:
        sent_at = self._clock.monotonic()
        values, incarnation = await self._call("read", self.fault, lambda held: [held(key) for key in keys])
        return StoreReading(values, incarnation, sent_at)

    async def write(self, key: str, value: bytes, ttl_s: float) -> None:
        await self._set("write", {key: value}, ttl_s)

    async def write_if_absent(self, values: Mapping[str, bytes], ttl_s: float) -> Mapping[str, bytes]:
        primary = self._reached()

        def run(held: Callable[[str], bytes | None]) -> dict[str, bytes]:
            self._take("write_if_absent", values)
            there = {key: held(key) for key in values}
            missing = {key: value for key, value in values.items() if there[key] is None}
            self._put(primary, missing, ttl_s)
            return {key: there[key] or value for key, value in values.items()}

        answer, _ = await self._call("write_if_absent", self._writing_fault(), run)
        return answer

    async def replace(self, values: Mapping[str, bytes], ttl_s: float) -> str:
        return await self._set("replace", values, ttl_s)

    async def delete(self, keys: Sequence[str]) -> None:
        primary = self._reached()
        await self._call(
            "delete", self._writing_fault(), lambda _: [primary.held.pop(key, None) for key in keys]
        )

    async def ping(self) -> str:
        _, incarnation = await self._call("ping", self.fault, lambda _: None)
        return incarnation

    async def prove_writable(self) -> str:
        return await self._set("probe", {"{monitor}:probe": b""}, 60.0)

    async def reconnect(self) -> None:
        self._connected = self._redis.primary

    async def aclose(self) -> None:
        """Close nothing."""

    async def _set(self, operation: str, values: Mapping[str, bytes], ttl_s: float) -> str:
        primary = self._reached()

        def run(_: Callable[[str], bytes | None]) -> None:
            self._take(operation, values)
            self._put(primary, values, ttl_s)

        _, incarnation = await self._call(operation, self._writing_fault(), run)
        return incarnation

    async def _call(
        self, operation: str, fault: RedisFault, command: Callable[[Callable[[str], bytes | None]], T]
    ) -> tuple[T, str]:
        self.calls.append(operation)
        primary = self._reached()
        if operation in self.before:
            await self.before.pop(operation)()
        if fault is RedisFault.REFUSED:
            raise StoreUnavailable(operation, "connection")
        if fault is RedisFault.QUEUED:
            self._queued.append((primary, lambda: command(lambda key: self._get(primary, key))))
            raise StoreUnavailable(operation, "timeout")
        answer = command(lambda key: self._get(primary, key))
        if operation in self.after:
            await self.after.pop(operation)()
        if fault is RedisFault.UNANSWERED:
            raise StoreUnavailable(operation, "timeout")
        return answer, primary.incarnation

    def _take(self, operation: str, keys: Iterable[str]) -> None:
        refused = self._redis.refuses
        if refused is not None and any(refused in key for key in keys):
            raise StoreUnavailable(operation, "refused")

    def _writing_fault(self) -> RedisFault:
        return self.write_fault if self.fault is RedisFault.NONE else self.fault

    def _reached(self) -> FakePrimary:
        if not self._connected.answers:
            self._connected = self._redis.primary
        return self._connected

    def _get(self, primary: FakePrimary, key: str) -> bytes | None:
        value, expires_at = primary.held.get(key, (None, 0.0))
        return value if value is not None and self._clock.monotonic() < expires_at else None

    def _put(self, primary: FakePrimary, values: Mapping[str, bytes], ttl_s: float) -> None:
        expires_at = self._clock.monotonic() + ttl_s
        primary.held.update({key: (value, expires_at) for key, value in values.items()})
