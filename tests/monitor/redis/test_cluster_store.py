"""The cluster store on three real primaries and a replica to fail over to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from monitor.cache.cache_observer import CacheResult
from monitor.cache.keys import hash_tag
from monitor.cache.store import Store
from monitor.clock import SystemClock
from monitor.errors import ConfigurationError, StoreUnavailable
from monitor.redis.cluster_topology import Topology, slot_of
from monitor.redis.open_store import open_store
from monitor.redis.store_urls import parse_store_url
from monitor.tenancy.context import bind
from monitor.testing.fakes import RecordingObserver
from tests.conditions import until
from tests.monitor.cache.conftest import make_bench, page, scope
from tests.monitor.redis.redis_fleet import ClusterNode, cluster, reply


@pytest.fixture(scope="module")
def whole() -> Iterator[list[ClusterNode]]:
    """Give a cluster that no test breaks."""
    with cluster() as nodes:
        yield nodes


@pytest.fixture
def fragile() -> Iterator[list[ClusterNode]]:
    """Give a cluster of the test's own."""
    with cluster() as nodes:
        yield nodes


def url_of(nodes: list[ClusterNode]) -> str:
    return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes[:3])


def connected(nodes: list[ClusterNode], observer: RecordingObserver | None = None) -> Store:
    return open_store(
        url_of(nodes),
        clock=SystemClock(),
        observer=observer or RecordingObserver(),
        timeout_s=3.0,
        connect_timeout_s=3.0,
    )


@pytest.fixture
async def store(whole: list[ClusterNode]) -> AsyncIterator[Store]:
    """Give a store on the whole cluster."""
    opened = connected(whole)
    await until(lambda: answers(opened))
    yield opened
    await opened.aclose()


async def answers(store: Store) -> bool:
    """Say whether every primary answers."""
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


def test_slots_are_those_of_the_specification(whole: list[ClusterNode]) -> None:
    """Our slot of a physical key is the servers' slot of it."""
    for tenant in range(1, 50):
        key = f"{hash_tag(tenant, 'contacts')}:list:page_1"
        assert reply(whole[0], f"CLUSTER KEYSLOT {key}").strip() == f":{slot_of(key)}"


async def test_values_and_generations_of_every_slot_work(store: Store) -> None:
    """Two hundred clinics lie on all three primaries; each lookup is a miss, then a hit."""
    bench = make_bench(store, SystemClock())
    for tenant in range(1, 200):
        with bind(tenant):
            await bench.cache.get_or_load(page(tenant=tenant), bench.source.load)
    await bench.cache._loading.aclose()
    for tenant in range(1, 200):
        with bind(tenant):
            assert (
                await bench.cache.get_or_load(page(tenant=tenant), bench.source.load)
            ).result is CacheResult.HIT


async def test_reads_of_one_tick_are_one_command_for_each_primary(whole: list[ClusterNode]) -> None:
    """Three hundred readers cost three round trips."""
    observer = RecordingObserver()
    opened = connected(whole, observer)
    await until(lambda: answers(opened))
    observer.calls.clear()

    await asyncio.gather(*(opened.read((f"{hash_tag(n, 'contacts')}:k",)) for n in range(1, 300)))

    assert [call[0] for call in observer.of("store_called")] == ["read"] * 3
    await opened.aclose()


async def test_a_cluster_is_writable_when_every_primary_is(fragile: list[ClusterNode]) -> None:
    """Each primary is asked to store a value; one that is full makes the whole cluster unwritable."""
    opened = connected(fragile)
    await until(lambda: answers(opened))
    assert await opened.prove_writable() == await opened.ping()
    for node in fragile[:3]:
        assert "probe" in reply(node, "KEYS *probe")

    fragile[1].ask("CONFIG SET maxmemory-policy noeviction")
    fragile[1].ask("CONFIG SET maxmemory 1")
    await opened.ping()
    with pytest.raises(StoreUnavailable) as refused:
        await opened.prove_writable()
    assert refused.value.reason == "refused"
    await opened.aclose()


async def test_a_refresh_of_many_clinics_is_confirmed_by_all_primaries(store: Store) -> None:
    """Scopes on several primaries are confirmed together."""
    bench = make_bench(store, SystemClock())

    refreshed = await bench.cache.refresh([scope(tenant) for tenant in range(1, 50)])

    assert refreshed.confirmed
    assert refreshed.incarnation == await bench.cache.incarnation()


async def test_two_workers_agree_on_the_incarnation(whole: list[ClusterNode], store: Store) -> None:
    """Every worker names the cluster's run alike, whatever it has talked to."""
    other = connected(whole)
    await until(lambda: answers(other))

    assert await store.ping() == await other.ping()
    reading = await other.read((f"{hash_tag(7, 'contacts')}:k",))
    assert reading.incarnation == await store.ping()
    await other.aclose()


async def test_loads_are_leased_across_processes(store: Store, whole: list[ClusterNode]) -> None:
    """The wake reaches the other process on the slot's own primary."""
    other = connected(whole)
    await until(lambda: answers(other))
    assert store.signals is not None
    assert other.signals is not None
    channel = f"{hash_tag(9, 'contacts')}:lock:x"
    async with store.signals.listening(channel) as woken:
        await other.signals.publish(channel)
        await asyncio.wait_for(woken.wait(), 10)
    await other.aclose()


async def test_a_failover_is_another_incarnation_and_heals_by_itself(fragile: list[ClusterNode]) -> None:
    """The replica takes over, everything before is of another epoch, and lookups work again."""
    opened = connected(fragile)
    await until(lambda: answers(opened))
    before = await opened.ping()
    fragile[0].kill()

    await until(lambda: answers(opened), deadline_s=40)

    assert await opened.ping() != before
    for tenant in range(1, 50):
        await opened.write(f"{hash_tag(tenant, 'contacts')}:k", b"v", 60.0)
        reading = await opened.read((f"{hash_tag(tenant, 'contacts')}:k",))
        assert list(reading.values) == [b"v"]
        assert reading.incarnation != before
    await opened.aclose()


async def test_a_lost_primary_leaves_the_others_working(fragile: list[ClusterNode]) -> None:
    """While one primary is paused, lookups on the others go on, and its own fail in time."""
    opened = connected(fragile)
    await until(lambda: answers(opened))
    topology = opened._topology  # type: ignore[attr-defined]
    assert isinstance(topology, Topology)
    keys = [f"{hash_tag(tenant, 'contacts')}:k" for tenant in range(1, 60)]
    lost = [key for key in keys if topology.primary_of(key)[1] == fragile[1].port]
    kept = [key for key in keys if key not in lost]
    fragile[1].pause()

    with pytest.raises(StoreUnavailable):
        await opened.read((lost[0],))
    assert [list((await opened.read((key,))).values) for key in kept] == [[None]] * len(kept)
    fragile[1].resume()
    await until(lambda: answers(opened))
    await opened.aclose()


async def test_a_moved_slot_is_found_again(fragile: list[ClusterNode]) -> None:
    """A slot that was given to another primary is a failure at first and works soon after."""
    opened = connected(fragile)
    await until(lambda: answers(opened))
    key = next(
        key
        for key in (f"{hash_tag(tenant, 'contacts')}:k" for tenant in range(1, 99))
        if opened._topology.primary_of(key)[1] == fragile[0].port  # type: ignore[attr-defined]
    )
    target = reply(fragile[1], "CLUSTER MYID").split("\r\n")[1]
    for node in fragile[:3]:
        node.ask(f"CLUSTER SETSLOT {slot_of(key)} NODE {target}")

    async def works() -> bool:
        try:
            await opened.write(key, b"v", 60.0)
        except StoreUnavailable:
            return False
        return list((await opened.read((key,))).values) == [b"v"]

    await until(works, deadline_s=20)
    assert opened._topology.primary_of(key)[1] == fragile[1].port  # type: ignore[attr-defined]
    await opened.aclose()


async def test_a_cluster_that_does_not_answer_is_unavailable(whole: list[ClusterNode]) -> None:
    """With no node to ask, calls fail in time; nothing hangs."""
    opened = open_store(
        "redis+cluster://127.0.0.1:1", clock=SystemClock(), observer=RecordingObserver(), timeout_s=0.5
    )
    for call in (opened.ping(), opened.read(("{a}:k",)), opened.write("{a}:k", b"v", 1.0)):
        with pytest.raises(StoreUnavailable):
            await call
    await opened.aclose()


def test_urls_name_several_servers() -> None:
    """Login, database and options go to every server's own URL."""
    addresses = parse_store_url("rediss+cluster://me:secret@one:7000,two,[::1]:7002/?ssl_cert_reqs=required")

    assert addresses.hosts == (("one", 7000), ("two", 6379), ("::1", 7002))
    assert addresses.url_of(("::1", 7002)) == "rediss://me:secret@[::1]:7002/0?ssl_cert_reqs=required"
    assert (
        parse_store_url("redis+cluster://one:7000?protocol=3").url_of(("one", 7000)).endswith("/0?protocol=3")
    )


@pytest.mark.parametrize(
    "url", ["redis+cluster://", "redis+sentinel://one:26379", "redis+cluster://one:port"]
)
def test_urls_that_name_too_little_stop_the_start(url: str) -> None:
    """The error says what is missing."""
    with pytest.raises(ConfigurationError):
        parse_store_url(url)
