"""Does the cache tell the truth? A share of hits is compared with the database.

As Meta's Polaris (2022): a difference counts only once it can no longer be a write under
way, so that the count stays zero while the protocol holds.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection
from operator import eq

import structlog

from monitor.cache.cache_observer import CacheObserver
from monitor.cache.entry import Entry
from monitor.cache.keys import CacheKey
from monitor.cache.lookup import Load
from monitor.cache.reader import FoundEntry
from monitor.clock import Clock

_log = structlog.get_logger(__name__)

Find = Callable[[CacheKey], Awaitable[FoundEntry | None]]


class ConsistencySampler:
    """Loads again behind a share of the hits and compares.

    Args:
        share: Share of hits that are compared, between 0 and 1; each costs a load.
        observer: Told every comparison.
        clock: Time.
        settle_s: How long a committed write may stay unanswered: longer than the cache lease.
        most: Comparisons under way at once; further draws are skipped.
        same: Whether two values say the same of the truth; equal ones do, others may.
        exempt: Domains whose entries are refreshed by time alone: a difference says nothing.
        draw: Uniform random numbers in [0, 1).
    """

    def __init__(
        self,
        share: float,
        observer: CacheObserver,
        clock: Clock,
        *,
        settle_s: float = 5.0,
        most: int = 4,
        same: Callable[[bytes, bytes], bool] = eq,
        exempt: Collection[str] = (),
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._share = share
        self._observer = observer
        self._clock = clock
        self._settle_s = settle_s
        self._most = most
        self._same = same
        self._exempt = frozenset(exempt)
        self._draw = draw
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        self._closing = False

    def drawn(self) -> bool:
        """Draw whether this hit is compared."""
        return self._draw() < self._share and len(self._tasks) < self._most

    def compare(self, key: CacheKey, entry: Entry, load: Load, find: Find) -> None:
        """Compare `entry`, which was just served, behind the caller's back.

        Args:
            key: What was asked for.
            entry: What was answered.
            load: Finds the truth.
            find: Reads the cache; None where it may not be used now.
        """
        if key.domain in self._exempt:
            return
        task = asyncio.ensure_future(self._compare(key, entry, load, find))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Give up the doubts that wait, and let loads under way end: one cut short may hold a connection."""
        self._closing = True
        for task in tuple(self._waiting):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def _compare(self, key: CacheKey, entry: Entry, load: Load, find: Find) -> None:
        try:
            if self._same((await load()).value, entry.value):
                self._observer.sampled(key.tenant, key.domain, True)
            else:
                await self._doubt(key, load, find)
        except Exception as failure:  # noqa: BLE001 - a failed comparison says nothing about consistency
            _log.info("cache_sample_failed", domain=key.domain, error_type=type(failure).__name__)

    async def _doubt(self, key: CacheKey, load: Load, find: Find) -> None:
        # The difference may be a write between its commit and its answer: look again once that is over.
        if not await self._settled():
            return
        truth = (await load()).value
        found = await find(key)
        if found is None:
            return
        consistent = found.entry is None or self._same(found.entry.value, truth)
        if not consistent:
            # Or a second write fell between this load and this look.
            consistent = not self._same((await load()).value, truth)
        self._observer.sampled(key.tenant, key.domain, consistent)
        if not consistent:
            _log.error("cache_inconsistent", domain=key.domain, tenant=int(key.tenant))

    async def _settled(self) -> bool:
        task = asyncio.current_task()
        if self._closing or task is None:
            return False
        self._waiting.add(task)
        try:
            await self._clock.sleep(self._settle_s)
        finally:
            self._waiting.discard(task)
        return True
