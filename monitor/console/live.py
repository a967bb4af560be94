"""One look at the service for all who watch; none while nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import suppress

import structlog

from monitor.clock import Clock
from monitor.console.snapshot import Snapshot

_log = structlog.get_logger(__name__)

Render = Callable[[Snapshot], bytes]


class Live:
    """Shares snapshots among viewers.

    A snapshot is taken every `every_s` while somebody watches, and at most for `share` of the
    time: where there are many tenants it comes less often instead of costing more.

    Args:
        look: Takes a snapshot.
        executor: Where views are rendered, off the serving loop.
        every_s: The least time between two snapshots.
        share: The most of one core's time that snapshots may take.
    """

    def __init__(
        self,
        look: Callable[[], Awaitable[Snapshot]],
        executor: Executor | None,
        clock: Clock,
        *,
        every_s: float = 2.0,
        share: float = 0.005,
    ) -> None:
        self._look = look
        self._executor = executor
        self._clock = clock
        self._every_s = every_s
        self._share = share
        self._period_s = every_s
        self._viewers = 0
        self._looking: asyncio.Task[Snapshot] | None = None
        self._looked_at = float("-inf")
        self._news: asyncio.Future[Snapshot] | None = None
        self._loop: asyncio.Task[None] | None = None
        self._rendered: dict[str, asyncio.Future[bytes]] = {}

    @property
    def viewers(self) -> int:
        """How many watch now."""
        return self._viewers

    async def latest(self) -> Snapshot:
        """Return a snapshot that is not older than the period; callers at one time share it."""
        if self._looking is None or (
            self._looking.done() and self._clock.monotonic() - self._looked_at >= self._period_s
        ):
            return await self._fresh()
        try:
            return await asyncio.shield(self._looking)
        except Exception:  # noqa: BLE001 - that look failed; this caller gets its own
            return await self._fresh()

    def expire(self) -> None:
        """Have the next caller look anew: something was moved."""
        self._looked_at = float("-inf")

    async def watch(self) -> AsyncGenerator[Snapshot, None]:
        """Give a snapshot now and each later one, until the caller stops listening."""
        self._viewers += 1
        try:
            yield await self.latest()
            while True:
                yield await asyncio.shield(self._next())
        finally:
            self._viewers -= 1
            if not self._viewers:
                self._stop()

    async def rendered(self, view: str, render: Render, snapshot: Snapshot) -> bytes:
        """Return a view of the latest snapshot, rendered once for all who see it."""
        if self._looking is None or not self._looking.done() or self._looking.result() is not snapshot:
            return await self._render(render, snapshot)
        if view not in self._rendered:
            self._rendered[view] = asyncio.ensure_future(self._render(render, snapshot))
        return await asyncio.shield(self._rendered[view])

    async def _render(self, render: Render, snapshot: Snapshot) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._executor, render, snapshot)

    async def _fresh(self) -> Snapshot:
        self._looked_at = self._clock.monotonic()
        self._rendered.clear()
        self._looking = asyncio.ensure_future(self._look())
        snapshot = await asyncio.shield(self._looking)
        self._period_s = max(self._every_s, snapshot.seconds_taken / self._share)
        return snapshot

    def _next(self) -> asyncio.Future[Snapshot]:
        if self._news is None or self._news.done():
            self._news = asyncio.get_running_loop().create_future()
        if self._loop is None or self._loop.done():
            self._loop = asyncio.ensure_future(self._run())
        return self._news

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(self._period_s)
            try:
                snapshot = await self._fresh()
            except Exception as failure:  # noqa: BLE001 - the next look may succeed, viewers wait for it
                _log.warning("console_look_failed", error_type=type(failure).__name__)
                continue
            if self._news is not None and not self._news.done():
                self._news.set_result(snapshot)

    def _stop(self) -> None:
        if self._loop is not None:
            self._loop.cancel()
            self._loop = None
        if self._news is not None:
            with suppress(asyncio.InvalidStateError):
                self._news.cancel()
            self._news = None
