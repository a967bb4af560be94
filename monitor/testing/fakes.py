"""What users of the kit test with: fakes that keep the real contracts."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from monitor.cache.store import Signals, Store, StoreReading
from monitor.errors import StoreUnavailable


class ManualClock:
    """A clock that moves only when it is told to.

    `sleep` returns once `advance` has moved the clock far enough.
    """

    def __init__(self, start: float = 1_000.0, epoch: float = 1_750_000_000.0) -> None:
        self._now = start
        self._offset = epoch - start
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self._now

    def time(self) -> float:
        return self._now + self._offset

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), wake))
        await wake

    @property
    def sleepers(self) -> int:
        """How many tasks sleep on this clock."""
        return sum(not wake.done() for _, _, wake in self._sleepers)

    def advance(self, seconds: float) -> None:
        """Move the clock and wake, in order, every sleeper whose time has come."""
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, wake = heapq.heappop(self._sleepers)
            if not wake.done():
                wake.set_result(None)

    def step(self, seconds: float) -> None:
        """Set the wall clock by that much, as an administrator or NTP does; no time passes."""
        self._offset += seconds


class RecordingObserver:
    """Keeps every observation as `(method, arguments)`; satisfies each of the kit's observer Protocols."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)

        def record(*arguments: Any) -> None:
            self.calls.append((name, arguments))

        return record

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of each call of `name`, in order."""
        return [arguments for called, arguments in self.calls if called == name]


class SpanRecorder(SpanExporter):
    """Keeps exported spans; pass it to `build_tracing` as `exporter`, and flush before reading.

    Attributes:
        spans: What was exported, as the SDK's exporters get it.
    """

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is held open."""


class FaultyStore:
    """A cache store that fails when it is told to, and lets a real one answer otherwise.

    Args:
        store: The store behind.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.signals: Signals | None = store.signals
        self.failing: set[str] = set()
        self.incarnation: str | None = None
        self.calls: list[str] = []

    def fail(self, *operations: str) -> None:
        """Let these operations fail from now on: `read`, `write`, `write_if_absent`, `replace`, ..."""
        self.failing = set(operations)

    async def read(self, keys: tuple[str, ...]) -> StoreReading:
        self._check("read")
        reading = await self._store.read(keys)
        return reading if self.incarnation is None else reading._replace(incarnation=self.incarnation)

    async def write(self, key: str, value: bytes, ttl_s: float) -> None:
        self._check("write")
        await self._store.write(key, value, ttl_s)

    async def write_if_absent(self, values: Mapping[str, bytes], ttl_s: float) -> Mapping[str, bytes]:
        self._check("write_if_absent")
        return await self._store.write_if_absent(values, ttl_s)

    async def replace(self, values: Mapping[str, bytes], ttl_s: float) -> str:
        self._check("replace")
        ran_on = await self._store.replace(values, ttl_s)
        return self.incarnation or ran_on

    async def delete(self, keys: Sequence[str]) -> None:
        self._check("delete")
        await self._store.delete(keys)

    async def ping(self) -> str:
        self._check("ping")
        return self.incarnation or await self._store.ping()

    async def prove_writable(self) -> str:
        self._check("probe")
        ran_on = await self._store.prove_writable()
        return self.incarnation or ran_on

    async def reconnect(self) -> None:
        self.calls.append("reconnect")
        await self._store.reconnect()

    async def aclose(self) -> None:
        await self._store.aclose()

    def _check(self, operation: str) -> None:
        self.calls.append(operation)
        if operation in self.failing:
            raise StoreUnavailable(operation, "connection")
