"""The store behind sentinels: it follows the primary through a failover."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from monitor.cache.store import Store
from monitor.clock import SystemClock
from monitor.errors import StoreUnavailable
from monitor.redis.open_store import open_store
from monitor.testing.fakes import RecordingObserver
from tests.conditions import until
from tests.monitor.redis.redis_fleet import Sentinel, watched
from tests.servers import RedisServer


@pytest.fixture
def fleet() -> Iterator[tuple[RedisServer, RedisServer, Sentinel]]:
    """Give a primary, its replica and their sentinel."""
    with watched() as servers:
        yield servers


async def answers(store: Store) -> bool:
    """Say whether a primary answers."""
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


async def test_it_follows_the_primary_through_a_failover(
    fleet: tuple[RedisServer, RedisServer, Sentinel],
) -> None:
    """The primary dies, the replica is promoted, and the store finds it as another incarnation."""
    primary, _, sentinel = fleet
    store = open_store(
        f"redis+sentinel://127.0.0.1:1,127.0.0.1:{sentinel.port}/clinic/0",
        clock=SystemClock(),
        observer=RecordingObserver(),
        timeout_s=3.0,
        connect_timeout_s=3.0,
    )
    await until(lambda: answers(store))
    before = await store.ping()
    primary.kill()

    await until(lambda: answers(store), deadline_s=40)

    assert await store.ping() != before
    await store.write("{a}:k", b"v", 60.0)
    assert list((await store.read(("{a}:k",))).values) == [b"v"]
    await store.aclose()


async def test_a_service_that_no_sentinel_knows_is_unavailable(
    fleet: tuple[RedisServer, RedisServer, Sentinel],
) -> None:
    """An unknown name fails like a server that is not there."""
    store = open_store(
        f"redis+sentinel://127.0.0.1:{fleet[2].port}/other",
        clock=SystemClock(),
        observer=RecordingObserver(),
        timeout_s=3.0,
        connect_timeout_s=3.0,
    )
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(store.ping(), 30)
    await store.aclose()
