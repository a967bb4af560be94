"""Warming: everything on the list, each under its own clinic, no faster than allowed."""

from __future__ import annotations

import asyncio
from functools import partial

from structlog.testing import capture_logs

from monitor.cache.cache_observer import CacheResult
from monitor.cache.lookup import Load, Loaded
from monitor.cache.memory_store import MemoryStore
from monitor.cache.warming import Warmed, Warming, WarmItem
from monitor.clock import SystemClock
from monitor.tenancy.context import bind, current_tenant
from monitor.tenancy.identity import TenantId
from monitor.testing.fakes import ManualClock
from tests.conditions import until
from tests.monitor.cache.conftest import Bench, make_bench, page


async def who() -> Loaded:
    return Loaded(b"clinic %d" % current_tenant())


async def fails() -> Loaded:
    raise ValueError


def listed(bench: Bench, clinics: int, load: Load = who) -> list[WarmItem]:
    async def ask(tenant: int) -> str:
        return (await bench.cache.get_or_load(page(tenant=tenant), load)).result

    return [WarmItem(TenantId(tenant), partial(ask, tenant)) for tenant in range(1, clinics + 1)]


async def run(bench: Bench, clock: ManualClock, warming: asyncio.Task[Warmed]) -> Warmed:
    """Move the clock until the warming is done."""

    def done() -> bool:
        if clock.sleepers:
            clock.advance(0.01)
        return warming.done()

    await until(done)
    return await warming


async def test_what_was_warmed_hits(memory: MemoryStore) -> None:
    """Each clinic's first request is a hit, loaded under its own tenant."""
    bench = make_bench(memory, SystemClock())
    warmed = await Warming(SystemClock(), per_second=10_000).warm(listed(bench, 20))
    await bench.cache._loading.aclose()

    assert (warmed.results, warmed.total) == ({"miss": 20}, 20)
    for tenant in range(1, 21):
        with bind(tenant):
            lookup = await bench.cache.get_or_load(page(tenant=tenant), bench.source.load)
        assert (lookup.value, lookup.result) == (b"clinic %d" % tenant, CacheResult.HIT)


async def test_what_is_warm_already_is_not_loaded_again(memory: MemoryStore) -> None:
    """A second warming finds hits."""
    bench = make_bench(memory, SystemClock())
    warming = Warming(SystemClock(), per_second=10_000)
    await warming.warm(listed(bench, 5))
    await bench.cache._loading.aclose()

    assert (await warming.warm(listed(bench, 5))).results == {"hit": 5}


async def test_it_keeps_the_rate(clock: ManualClock) -> None:
    """A hundred keys at a hundred a second take a second."""
    bench = make_bench(MemoryStore(clock), clock)
    warming = Warming(clock, per_second=100.0)

    warmed = await run(bench, clock, asyncio.ensure_future(warming.warm(listed(bench, 101))))

    assert 1.0 <= warmed.seconds < 1.1


async def test_a_failing_load_does_not_end_it(memory: MemoryStore) -> None:
    """It is counted and logged without its key, and the rest is warmed."""
    bench = make_bench(memory, SystemClock())
    items = [*listed(bench, 1, fails), *listed(bench, 3)[1:]]
    with capture_logs() as lines:
        warmed = await Warming(SystemClock(), per_second=10_000).warm(items)

    assert warmed.results == {"error": 1, "miss": 2}
    assert [line["error_type"] for line in lines] == ["ValueError"]


async def test_progress_is_told_after_each_key(memory: MemoryStore) -> None:
    """A progress bar can follow."""
    bench = make_bench(memory, SystemClock())
    told: list[str] = []
    await Warming(SystemClock(), per_second=10_000).warm(listed(bench, 4), told.append)

    assert told == ["miss"] * 4
