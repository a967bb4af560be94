"""Loading what will be asked for first, before it is asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from monitor.cache.keys import CacheKey
from monitor.cache.lookup import Load, Lookup
from monitor.clock import Clock
from monitor.tenancy.context import bind

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WarmKey:
    """One entry to warm.

    Attributes:
        key: Whose tenant is bound while it loads.
        load: Finds its answer.
    """

    key: CacheKey
    load: Load


class WarmedCache(Protocol):
    """What warming asks of the cache."""

    def get_or_load(self, key: CacheKey, load: Load) -> Awaitable[Lookup]:
        """Answer from the cache, or load and store."""
        ...


@dataclass(frozen=True, slots=True)
class Warmed:
    """What a warming did.

    Attributes:
        results: How many lookups ended how; failed loads are `error`.
        seconds: How long it took.
    """

    results: dict[str, int]
    seconds: float

    @property
    def total(self) -> int:
        return sum(self.results.values())


class Warming:
    """Warms a list of keys at a bounded rate, so that live traffic does not feel it.

    Args:
        cache: What is warmed; keys that are warm already cost one round trip and no load.
        clock: Time.
        per_second: Most lookups started in a second.
        at_once: Most lookups under way.
    """

    def __init__(
        self, cache: WarmedCache, clock: Clock, *, per_second: float = 200.0, at_once: int = 8
    ) -> None:
        self._cache = cache
        self._clock = clock
        self._pause_s = 1 / per_second
        self._at_once = at_once

    async def warm(self, keys: Iterable[WarmKey], progress: Callable[[int], None] = lambda _: None) -> Warmed:
        """Look every key up under its own tenant; a failing load is counted and does not end it.

        Args:
            keys: In the order of their importance.
            progress: Called with the number of keys done, after each.
        """
        began = self._clock.monotonic()
        results: Counter[str] = Counter()
        room = asyncio.Semaphore(self._at_once)
        async with asyncio.TaskGroup() as tasks:
            for number, item in enumerate(keys):
                await room.acquire()
                await self._wait_until(began + number * self._pause_s)
                tasks.create_task(self._one(item, room, results, progress))
        return Warmed(dict(results), self._clock.monotonic() - began)

    async def _wait_until(self, moment: float) -> None:
        left = moment - self._clock.monotonic()
        if left > 0:
            await self._clock.sleep(left)

    async def _one(
        self, item: WarmKey, room: asyncio.Semaphore, results: Counter[str], progress: Callable[[int], None]
    ) -> None:
        try:
            with bind(item.key.tenant):
                lookup = await self._cache.get_or_load(item.key, item.load)
            results[lookup.result.value] += 1
        except Exception as failure:  # noqa: BLE001 - one key must not end the warming of the others
            results["error"] += 1
            _log.warning("cache_warming_failed", domain=item.key.domain, error_type=type(failure).__name__)
        finally:
            room.release()
            progress(sum(results.values()))
