"""A long life holds memory flat."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

from monitor.cache.near_cache import NearCache
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.store import Store
from monitor.clock import SystemClock
from monitor.redis.open_store import open_store
from monitor.tenancy.context import bind
from monitor.testing.fakes import RecordingObserver
from tests.monitor.cache.conftest import Bench, detail, make_bench, page, scope
from tests.servers import RedisServer

POLICY = CachePolicy("contacts", 300.0, near=NearMode.VALIDATED)


class Forgetful(RecordingObserver):
    """An observer that keeps nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return _nothing


def _nothing(*_: object) -> None:
    """Take an observation and keep nothing."""


async def live(bench: Bench, rounds: int, start: int) -> None:
    """Look up ever new keys of ever new clinics, write between, cancel some."""
    for number in range(start, start + rounds):
        tenant = 1 + number % 500
        with bind(tenant):
            lookups = [
                asyncio.ensure_future(bench.cache.get_or_load(key, bench.source.load))
                for key in (page(number, tenant), detail(str(number), tenant), page(1, tenant))
            ]
            await asyncio.sleep(0)
            if number % 7 == 0:
                lookups[0].cancel()
            await asyncio.gather(*lookups, return_exceptions=True)
            if number % 5 == 0:
                await bench.cache.refresh([scope(tenant, entity=str(number))])


async def objects_after(bench: Bench, rounds: int, start: int) -> int:
    await live(bench, rounds, start)
    await bench.cache._misses.aclose()
    gc.collect()
    return len(gc.get_objects())


async def test_a_long_life_holds_memory_flat(redis_server: RedisServer) -> None:
    """After a warm-up, thousands of lookups, writes and cancellations leave no object behind."""
    store: Store = open_store(
        redis_server.url, clock=SystemClock(), observer=Forgetful(), timeout_s=30.0, connect_timeout_s=30.0
    )
    near: NearCache[object] = NearCache(max_bytes=200_000)
    bench = make_bench(store, SystemClock(), policy=POLICY, near=near, observer=Forgetful())
    warm = await objects_after(bench, 400, 0)

    after = await objects_after(bench, 1_200, 400)

    assert near.size <= 200_000
    assert after - warm < 600
    await bench.cache.aclose()
