"""The rights that docs/redis.md lists are enough for the whole cache, and each of them is needed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from monitor.cache.cache_observer import CacheResult
from monitor.cache.keys import make_key
from monitor.cache.load_lease import Held, LoadLease
from monitor.cache.store import Store
from monitor.clock import SystemClock
from monitor.errors import StoreUnavailable
from monitor.redis.open_store import open_store
from monitor.tenancy.context import bind
from monitor.tenancy.naming import TenantNaming
from monitor.testing.fakes import RecordingObserver
from tests.architecture.floors import ROOT
from tests.binaries import need
from tests.conditions import until
from tests.monitor.cache.conftest import make_bench, scope
from tests.monitor.redis.redis_fleet import cluster, reply, watched
from tests.servers import RedisServer, Server

Use = Callable[[Store], Awaitable[object]]
PREFIX = TenantNaming(singular="clinic").key_prefix
PAGE = (ROOT / "docs" / "redis.md").read_text()
RULES = dict(re.findall(r"```acl (\w+)\nuser taskmed (.+)\n```", PAGE))
LOGIN = "taskmed:secret@"


def guard(server: Server, rules: str) -> None:
    """Give the server the user of the page, and shut the door for everybody else."""
    assert reply(server, f"ACL SETUSER taskmed {rules}") == "+OK\r\n"
    assert reply(server, "ACL SETUSER default off") == "+OK\r\n"


def without(rules: str, right: str) -> str:
    """Return the rules without one right."""
    words = rules.split()
    assert right in words
    return " ".join(word for word in words if word != right)


@contextmanager
def guarded(rules: str) -> Iterator[str]:
    """Run one server with these rules; give the URL of the user, on a database of its own."""
    with RedisServer(need("redis-server")) as server:
        guard(server, rules)
        yield f"redis://{LOGIN}127.0.0.1:{server.port}/1"


def opened(url: str, observer: RecordingObserver | None = None) -> Store:
    return open_store(
        url,
        clock=SystemClock(),
        observer=observer or RecordingObserver(),
        timeout_s=3.0,
        connect_timeout_s=3.0,
    )


async def use_everything(url: str) -> None:
    """Look up, load, store, invalidate, lease, wake and ask, for clinics on every primary."""
    observer = RecordingObserver()
    store = opened(url, observer)
    await until(lambda: answers(store))
    bench = make_bench(store, SystemClock(), prefix=PREFIX, observer=observer)
    for tenant in range(1, 20):
        with bind(tenant):
            key = make_key(tenant, "contacts", "list", prefix=PREFIX)
            assert (await bench.cache.get_or_load(key, bench.source.load)).result is CacheResult.MISS
            await bench.cache._loading.aclose()
            assert (await bench.cache.get_or_load(key, bench.source.load)).result is CacheResult.HIT
        assert (await bench.cache.refresh([scope(tenant)])).incarnation is not None
        await hand_over_a_lease(store, f"{{{PREFIX}{tenant}:contacts}}:lock:x")
    await bench.cache.reach()
    await store.ping()
    await bench.cache.aclose()
    assert [] == [call for call in observer.of("store_called") if call[2] is not None]


async def hand_over_a_lease(store: Store, name: str) -> None:
    """Take a load lease, let another wait for it, and wake that one."""
    assert store.signals is not None
    lease = LoadLease(store, store.signals, SystemClock())
    held = await lease.acquire(name, 30.0)
    assert isinstance(held, Held)
    assert await lease.acquire(name, 30.0) is None
    async with store.signals.listening(name) as woken:
        await lease.release(held)
        await asyncio.wait_for(woken.wait(), 10.0)
    assert await lease.acquire(name, 30.0) is not None


async def answers(store: Store) -> bool:
    """Say whether every primary answers."""
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


def test_the_page_has_one_line_for_each_kind_of_server() -> None:
    """What follows is started with the page's own words."""
    assert ["single", "cluster", "sentinel"] == list(RULES)


async def test_one_server_needs_no_more() -> None:
    """Every part of the cache works for the user of the page."""
    with guarded(RULES["single"]) as url:
        await use_everything(url)


async def test_a_cluster_needs_no_more() -> None:
    """The same on three primaries."""
    with cluster() as nodes:
        for node in nodes:
            guard(node, RULES["cluster"])
        seeds = ",".join(f"127.0.0.1:{node.port}" for node in nodes[:3])
        await use_everything(f"redis+cluster://{LOGIN}{seeds}")


async def test_sentinels_need_no_more() -> None:
    """The same behind a sentinel, which has a user of the same name."""
    with watched() as (primary, replica, sentinel):
        for server in (primary, replica):
            guard(server, RULES["single"])
        guard(sentinel, RULES["sentinel"])
        await use_everything(f"redis+sentinel://{LOGIN}127.0.0.1:{sentinel.port}/clinic/1")


async def listen(store: Store) -> None:
    """Wake a listener, which both halves of the channel's rights are for."""
    assert store.signals is not None
    async with store.signals.listening(f"{KEY}:lock") as woken:
        await store.signals.publish(f"{KEY}:lock")
        await woken.wait()


KEY = f"{{{PREFIX}1:contacts}}:k"
USES: dict[str, Use] = {
    "ask": lambda store: store.ping(),
    "look up": lambda store: store.read((KEY,)),
    "store": lambda store: store.write(KEY, b"", 60.0),
    "release": lambda store: store.delete((KEY,)),
    "prove": lambda store: store.prove_writable(),
    "wake": listen,
}
# A subscription that cannot be ended ends with its connection, and the next one makes another.
NEEDED = [
    word for word in RULES["single"].split() if word.startswith(("+", "~", "&")) and word != "+unsubscribe"
]


@pytest.mark.parametrize("right", NEEDED)
async def test_each_right_is_needed(right: str) -> None:
    """Without it some part of the cache is refused, so no line of the page is there for comfort."""
    with guarded(without(RULES["single"], right)) as url:
        store = opened(url)
        refused = [name for name, use in USES.items() if not await works(use, store)]
        await store.aclose()

    assert refused


async def works(use: Use, store: Store) -> bool:
    """Say whether one use of the store is answered."""
    try:
        async with asyncio.timeout(1.0):
            await use(store)
    except (StoreUnavailable, TimeoutError):
        return False
    return True
