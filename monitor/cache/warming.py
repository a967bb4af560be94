"""Asking for what will be asked for first, before anybody does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from monitor.clock import Clock
from monitor.tenancy.context import bind
from monitor.tenancy.identity import TenantId

_log = structlog.get_logger(__name__)
_FAILED = "error"


@dataclass(frozen=True, slots=True)
class WarmItem:
    """One answer to warm.

    Attributes:
        tenant: Who is bound while it is asked for.
        ask: Asks for it and returns the outcome of its lookup.
    """

    tenant: TenantId
    ask: Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Warmed:
    """What a warming did.

    Attributes:
        results: How many lookups ended how; failed ones are `error`.
        seconds: How long it took.
    """

    results: dict[str, int]
    seconds: float

    @property
    def total(self) -> int:
        return sum(self.results.values())


class Warming:
    """Asks for a list of answers at a bounded rate, so that live traffic does not feel it.

    What is warm already costs one round trip and no load.

    Args:
        clock: Time.
        per_second: Most lookups started in a second.
        at_once: Most lookups under way.
    """

    def __init__(self, clock: Clock, *, per_second: float = 200.0, at_once: int = 8) -> None:
        self._clock = clock
        self._pause_s = 1 / per_second
        self._at_once = at_once

    async def warm(
        self, items: Sequence[WarmItem], progress: Callable[[str], None] = lambda _: None
    ) -> Warmed:
        """Ask for every item under its own tenant; one that fails is counted and does not end it.

        Args:
            items: In the order of their importance.
            progress: Called with the outcome of each.
        """
        began = self._clock.monotonic()
        results: Counter[str] = Counter()
        room = asyncio.Semaphore(self._at_once)
        async with asyncio.TaskGroup() as tasks:
            for number, item in enumerate(items):
                await room.acquire()
                await self._wait_until(began + number * self._pause_s)
                tasks.create_task(self._one(item, room, results, progress))
        return Warmed(dict(results), self._clock.monotonic() - began)

    async def _wait_until(self, moment: float) -> None:
        left = moment - self._clock.monotonic()
        if left > 0:
            await self._clock.sleep(left)

    async def _one(
        self, item: WarmItem, room: asyncio.Semaphore, results: Counter[str], progress: Callable[[str], None]
    ) -> None:
        result = _FAILED
        try:
            with bind(item.tenant):
                result = await item.ask()
        except Exception as failure:  # noqa: BLE001 - one answer must not end the warming of the others
            _log.warning("cache_warming_failed", error_type=type(failure).__name__)
        finally:
            results[result] += 1
            room.release()
            progress(result)
