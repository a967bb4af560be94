"""The load lease: one process loads, the others are woken, a dead holder costs its lease and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from monitor.cache.cache_observer import CacheResult
from monitor.cache.load_lease import LoadLease, lease_name
from monitor.cache.lookup import Loaded
from monitor.cache.memory_store import MemoryStore
from monitor.cache.policy import CachePolicy, NearMode
from monitor.clock import SystemClock
from monitor.errors import StoreUnavailable
from monitor.redis.open_store import open_store
from monitor.tenancy.context import bind
from monitor.testing.fakes import FaultyStore, RecordingObserver
from tests.conditions import until
from tests.monitor.cache.conftest import Bench, make_bench, page, scope
from tests.servers import RedisServer

STAMP = b"1" * 56
LONG = CachePolicy("contacts", 300.0, jitter=0.0, load_lease_s=60.0, near=NearMode.OFF)
SHORT = CachePolicy("contacts", 300.0, jitter=0.0, load_lease_s=0.3, near=NearMode.OFF)


@pytest.fixture(autouse=True)
def _bound() -> Iterator[None]:
    with bind(1):
        yield


async def opened(url: str, policy: CachePolicy) -> Bench:
    """Return a cache with a connection of its own, as another process has it."""
    store = open_store(
        url, clock=SystemClock(), observer=RecordingObserver(), timeout_s=30.0, connect_timeout_s=30.0
    )
    return make_bench(store, SystemClock(), policy=policy)


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[tuple[Bench, Bench]]:
    """Give two processes' caches on one Redis."""
    pair = (await opened(redis_url, LONG), await opened(redis_url, LONG))
    yield pair
    for one in pair:
        await one.cache.aclose()


class Gate:
    """A load that waits to be let go."""

    def __init__(self, value: bytes = b"v1", *, cacheable: bool = True) -> None:
        self.begun = 0
        self.open = asyncio.Event()
        self.failure: Exception | None = None
        self._loaded = Loaded(value, cacheable=cacheable)

    async def load(self) -> Loaded:
        self.begun += 1
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return self._loaded


async def test_one_process_loads_and_the_other_is_woken(two: tuple[Bench, Bench]) -> None:
    """The waiter takes over what the holder stored, long before the lease ends."""
    gate = Gate()
    first = asyncio.ensure_future(two[0].cache.get_or_load(page(), gate.load))
    await until(lambda: gate.begun == 1)
    second = asyncio.ensure_future(two[1].cache.get_or_load(page(), gate.load))
    await until(lambda: bool(two[1].store.signals and two[1].store.signals._subscribed))  # type: ignore[attr-defined]
    gate.open.set()

    lookups = [await asyncio.wait_for(lookup, 10) for lookup in (first, second)]

    assert [lookup.value for lookup in lookups] == [b"v1", b"v1"]
    assert [(lookup.stored, lookup.collapsed) for lookup in lookups] == [(True, False), (False, True)]
    assert gate.begun == 1


async def test_a_process_that_comes_just_after_finds_the_entry(two: tuple[Bench, Bench]) -> None:
    """An entry stored between a process's look and its lease is taken over, not loaded again."""
    lease = LoadLease(two[0].store, two[0].store.signals, SystemClock())  # type: ignore[arg-type]

    async def look() -> str | None:
        return "found"

    assert (await lease.turn(page(), STAMP, 60.0, look)).found == "found"
    assert await lease.acquire(lease_name(page(), STAMP), 60.0) is not None


@pytest.mark.parametrize("end", ["failure", "not cacheable"])
async def test_a_holder_that_stores_nothing_sends_the_others_loading(
    two: tuple[Bench, Bench], end: str
) -> None:
    """They are woken at once and load for themselves."""
    gate, own = Gate(cacheable=False), Gate(b"own")
    gate.failure = ValueError() if end == "failure" else None
    first = asyncio.ensure_future(two[0].cache.get_or_load(page(), gate.load))
    await until(lambda: gate.begun == 1)
    second = asyncio.ensure_future(two[1].cache.get_or_load(page(), own.load))
    await until(lambda: bool(two[1].store.signals and two[1].store.signals._subscribed))  # type: ignore[attr-defined]
    own.open.set()
    gate.open.set()

    assert (await asyncio.wait_for(second, 10)).value == b"own"
    await asyncio.wait((first,))
    assert (first.exception() is not None) == (end == "failure")


async def test_a_dead_holder_costs_its_lease_and_no_more(redis_url: str) -> None:
    """The lease runs out by itself and a waiter loads."""
    survivor = await opened(redis_url, SHORT)
    dead = open_store(
        redis_url, clock=SystemClock(), observer=RecordingObserver(), timeout_s=30.0, connect_timeout_s=30.0
    )
    await survivor.cache.get_or_load(page(2), survivor.source.load)
    taken: list[object] = []
    original = survivor.cache._loading._lease
    assert original is not None
    acquire = original.acquire

    async def taken_by_the_dead(name: str, lease_s: float) -> object:
        if not taken:
            taken.append(await dead.write_if_absent({name: b"dead"}, lease_s))
        return await acquire(name, lease_s)

    original.acquire = taken_by_the_dead  # type: ignore[method-assign,assignment]
    loop = asyncio.get_running_loop()
    began = loop.time()

    lookup = await asyncio.wait_for(survivor.cache.get_or_load(page(), survivor.source.load), 10)

    assert lookup.value == b"v1"
    assert loop.time() - began > 0.25
    await dead.aclose()
    await survivor.cache.aclose()


async def test_a_lease_is_for_one_generation(two: tuple[Bench, Bench]) -> None:
    """A reader under newer generations does not wait for a load under older ones."""
    gate = Gate()
    first = asyncio.ensure_future(two[0].cache.get_or_load(page(), gate.load))
    await until(lambda: gate.begun == 1)
    await two[1].cache.refresh([scope()])

    second = await asyncio.wait_for(two[1].cache.get_or_load(page(), two[1].source.load), 10)
    assert second.result is CacheResult.MISS
    assert two[1].source.loads == 1
    gate.open.set()
    await first


async def test_a_store_that_cannot_lease_lets_everybody_load() -> None:
    """No caller ever waits for a lease that cannot be had."""
    store = FaultyStore(MemoryStore(SystemClock()))

    class Unreachable:
        async def publish(self, _channel: str) -> None:
            raise StoreUnavailable("publish", "connection")

        def listening(self, _channel: str) -> object:
            raise StoreUnavailable("subscribe", "connection")

    lease = LoadLease(store, Unreachable(), SystemClock())  # type: ignore[arg-type]

    async def look() -> None:
        return None

    held = (await lease.turn(page(), STAMP, 60.0, look)).held
    assert held is not None
    assert await lease.turn(page(), STAMP, 60.0, look) == (None, None)
    await lease.release(held)
    store.fail("write_if_absent")
    assert await lease.turn(page(), STAMP, 60.0, look) == (None, None)


async def test_waiters_survive_a_lost_connection(fresh_redis: RedisServer) -> None:
    """Listeners are woken when their connection goes, and look for themselves."""
    store = open_store(fresh_redis.url, clock=SystemClock(), observer=RecordingObserver(), timeout_s=1.0)
    assert store.signals is not None
    async with store.signals.listening("a") as woken:
        assert not woken.is_set()
        fresh_redis.stop()
        await asyncio.wait_for(woken.wait(), 10)
    await store.aclose()


async def test_every_listener_of_a_channel_is_woken_and_no_other(redis_url: str) -> None:
    """Wakes carry the channel they are for."""
    stores = [
        open_store(
            redis_url,
            clock=SystemClock(),
            observer=RecordingObserver(),
            timeout_s=30.0,
            connect_timeout_s=30.0,
        )
        for _ in range(2)
    ]
    one, other = (store.signals for store in stores)
    assert one is not None
    assert other is not None
    async with one.listening("a") as first, one.listening("a") as second, one.listening("b") as third:
        await other.publish("a")
        await asyncio.wait_for(asyncio.gather(first.wait(), second.wait()), 10)
        assert not third.is_set()
    async with one.listening("a") as again:
        await other.publish("a")
        await asyncio.wait_for(again.wait(), 10)
    for store in stores:
        await store.aclose()


async def test_nobody_to_listen_to_is_a_store_failure(fresh_redis: RedisServer) -> None:
    """A subscription that cannot be made fails in time."""
    store = open_store(fresh_redis.url, clock=SystemClock(), observer=RecordingObserver(), timeout_s=0.2)
    fresh_redis.pause()
    assert store.signals is not None
    with pytest.raises(StoreUnavailable):
        async with store.signals.listening("a"):
            pass
    fresh_redis.resume()
    await store.aclose()
