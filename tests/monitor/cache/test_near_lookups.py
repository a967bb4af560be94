"""Lookups through the near cache, in its three modes."""

from __future__ import annotations

import asyncio

import pytest

from monitor.cache.admission import AlwaysAdmitted
from monitor.cache.cache_observer import CacheLayer, CacheResult
from monitor.cache.memory_store import MemoryStore
from monitor.cache.near_cache import NearCache
from monitor.cache.policy import CachePolicy, NearMode
from monitor.testing.fakes import FaultyStore, ManualClock
from tests.conditions import until
from tests.monitor.cache.conftest import Bench, faulty, make_bench, page, scope

pytestmark = pytest.mark.usefixtures("bound")


async def near_bench(clock: ManualClock, mode: NearMode) -> Bench:
    """Return a cache with a near cache that holds one page."""
    policy = CachePolicy("contacts", 300.0, jitter=0.0, near=mode)
    bench = make_bench(FaultyStore(MemoryStore(clock)), clock, policy=policy, near=NearCache())
    await bench.cache.get_or_load(page(), bench.source.load)
    await bench.cache._loading.aclose()
    faulty(bench).calls.clear()
    return bench


async def test_a_validated_near_hit_asks_for_the_generations_alone(clock: ManualClock) -> None:
    """One read, no value moved, nothing unsealed; and a refresh anywhere is seen at once."""
    bench = await near_bench(clock, NearMode.VALIDATED)

    hit = await bench.cache.get_or_load(page(), bench.source.load)
    assert (hit.result, hit.layer, faulty(bench).calls) == (CacheResult.HIT, CacheLayer.NEAR, ["read"])

    other_worker = make_bench(bench.store, clock)
    bench.source.value = b"v2"
    await other_worker.cache.refresh([scope()])
    assert (await bench.cache.get_or_load(page(), bench.source.load)).value == b"v2"


async def test_a_leased_near_hit_asks_nobody_until_its_lease_ends(clock: ManualClock) -> None:
    """Within the lease no read at all; after it the generations are asked for again."""
    bench = await near_bench(clock, NearMode.LEASED)

    assert (await bench.cache.get_or_load(page(), bench.source.load)).layer is CacheLayer.NEAR
    assert faulty(bench).calls == []
    clock.advance(1.0)
    assert (await bench.cache.get_or_load(page(), bench.source.load)).layer is CacheLayer.NEAR
    assert faulty(bench).calls == ["read"]
    assert (await bench.cache.get_or_load(page(), bench.source.load)).layer is CacheLayer.NEAR
    assert faulty(bench).calls == ["read"]


async def test_a_leased_entry_expires_like_any_other(clock: ManualClock) -> None:
    """A lease vouches for generations, not for age."""
    bench = await near_bench(clock, NearMode.LEASED)
    assert bench.near is not None
    clock.advance(300.0)
    bench.near.sight(page(), bench.near._entries[page()].stamp, clock.monotonic())

    assert (await bench.cache.get_or_load(page(), bench.source.load)).result is CacheResult.MISS


async def test_a_leased_near_cache_answers_only_while_the_worker_is_admitted(clock: ManualClock) -> None:
    """A worker that lost its cache lease does not answer from its near cache either."""

    class Revocable(AlwaysAdmitted):
        revoked = False

        def admits(self, tenant: int, domain: str) -> int | None:
            return None if self.revoked else super().admits(tenant, domain)

    admission = Revocable()
    policy = CachePolicy("contacts", 300.0, jitter=0.0, near=NearMode.LEASED)
    bench = make_bench(MemoryStore(clock), clock, policy=policy, near=NearCache(), admission=admission)
    await bench.cache.get_or_load(page(), bench.source.load)
    await bench.cache._loading.aclose()
    admission.revoked = True

    assert (await bench.cache.get_or_load(page(), bench.source.load)).result is CacheResult.BYPASS


async def test_writers_wait_for_the_lease_of_leased_near_caches(clock: ManualClock) -> None:
    """The refresh returns after every near cache's lease has run out, and not before."""
    bench = await near_bench(clock, NearMode.LEASED)
    refresh = asyncio.ensure_future(bench.cache.refresh([scope()]))
    await until(lambda: clock.sleepers == 1)

    assert not refresh.done()
    clock.advance(0.03)
    assert (await refresh).confirmed


async def test_nobody_waits_for_bounded_near_caches(clock: ManualClock) -> None:
    """Bounded gives the wait up: another worker may be stale for as long as the lease."""
    bench = await near_bench(clock, NearMode.BOUNDED)

    assert (await bench.cache.refresh([scope()])).confirmed
    assert clock.sleepers == 0
