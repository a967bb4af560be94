"""The Redis store when Redis is hung, gone, replaced or hostile; every test on a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from monitor.cache.cache_observer import BreakerState
from monitor.cache.store import Store
from monitor.clock import SystemClock
from monitor.errors import StoreUnavailable
from monitor.redis.open_store import open_store
from monitor.redis.redis_store import RedisStore
from monitor.testing.fakes import ManualClock, RecordingObserver
from tests.conditions import until
from tests.servers import RedisServer, free_port

KEY = "{tenant_1:contacts}:k"


@pytest.fixture
def observer() -> RecordingObserver:
    """Give an observer to look through."""
    return RecordingObserver()


@pytest.fixture
async def fragile(fresh_redis: RedisServer, observer: RecordingObserver) -> AsyncIterator[RedisStore]:
    """Give a store on a Redis of the test's own, connected."""
    store = open_store(fresh_redis.url, clock=SystemClock(), observer=observer, timeout_s=0.2)
    assert isinstance(store, RedisStore)
    await until(lambda: answers(store))
    yield store
    await store.aclose()


async def answers(store: Store) -> bool:
    """Say whether the store answers a ping."""
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


async def test_reads_of_one_tick_are_one_command(
    redis_server: RedisServer, observer: RecordingObserver
) -> None:
    """Five hundred readers of a tick cost one round trip."""
    store = open_store(
        redis_server.url, clock=SystemClock(), observer=observer, timeout_s=30.0, connect_timeout_s=30.0
    )
    await store.ping()
    await asyncio.gather(*(store.read((f"{KEY}{number}",)) for number in range(500)))
    await store.aclose()

    assert [call[0] for call in observer.of("store_called")] == ["ping", "read"]


async def test_a_tick_larger_than_the_cap_is_cut_into_several_commands(
    redis_server: RedisServer, observer: RecordingObserver
) -> None:
    """No single MGET grows without bound."""
    store = open_store(
        redis_server.url, clock=SystemClock(), observer=observer, timeout_s=30.0, connect_timeout_s=30.0
    )
    readings = await asyncio.gather(*(store.read((f"{KEY}{number}",)) for number in range(9_000)))
    await store.aclose()

    assert len(readings) == 9_000
    assert [call[0] for call in observer.of("store_called")] == ["read"] * 18


async def test_a_hung_redis_costs_one_timeout_and_then_nothing(
    fresh_redis: RedisServer, fragile: RedisStore, observer: RecordingObserver
) -> None:
    """Every caller under way fails at the one deadline; the next ones fail at once."""
    fresh_redis.pause()
    observer.calls.clear()
    failed = await asyncio.gather(*(fragile.read((f"{KEY}{n}",)) for n in range(500)), return_exceptions=True)
    with pytest.raises(StoreUnavailable) as caught:
        await fragile.read((KEY,))
    fresh_redis.resume()

    assert [failure.reason for failure in failed if isinstance(failure, StoreUnavailable)] == [
        "timeout"
    ] * 500
    assert caught.value.reason == "breaker_open"
    assert [call[2] for call in observer.of("store_called")] == ["timeout"]
    assert observer.of("breaker_changed")[0] == (BreakerState.OPEN,)


async def test_a_busy_event_loop_is_not_taken_for_a_hung_redis(
    redis_server: RedisServer, observer: RecordingObserver
) -> None:
    """A reply that waits unread, because this process was busy elsewhere, is no timeout."""
    store = open_store(redis_server.url, clock=SystemClock(), observer=observer, timeout_s=0.05)
    await until(lambda: answers(store))
    observer.calls.clear()
    reader = asyncio.ensure_future(store.read((KEY,)))
    for _ in range(3):
        await asyncio.sleep(0)
    busy_until = time.monotonic() + 0.3
    while time.monotonic() < busy_until:
        pass

    assert list((await reader).values) == [None]
    assert observer.of("breaker_changed") == []
    await store.aclose()


async def test_a_redis_that_was_only_late_is_waited_for_longer(
    fresh_redis: RedisServer, observer: RecordingObserver
) -> None:
    """It answered right after it had been given up: the next trip is given twice the time."""
    clock, timeout_s = ManualClock(), 0.2
    store = open_store(fresh_redis.url, clock=clock, observer=observer, timeout_s=timeout_s)
    await until(lambda: answers(store))
    fresh_redis.pause()
    assert not await answers(store)
    fresh_redis.resume()
    clock.advance(0.2)
    await until(lambda: answers(store))

    fresh_redis.pause()
    began = asyncio.get_running_loop().time()
    assert not await answers(store)
    waited_s = asyncio.get_running_loop().time() - began
    fresh_redis.resume()
    await store.aclose()

    assert waited_s >= 2 * timeout_s


@pytest.mark.parametrize(
    "commands",
    [
        ("CONFIG SET maxmemory-policy noeviction", "CONFIG SET maxmemory 1"),
        ("CONFIG SET min-replicas-to-write 1",),
        ("ACL SETUSER default -set",),
    ],
    ids=["out of memory", "short of replicas", "an ACL without SET"],
)
async def test_a_redis_that_refuses_writes_is_not_writable(
    fresh_redis: RedisServer, fragile: RedisStore, commands: Sequence[str]
) -> None:
    """It answers a ping and a read all the while, and is writable again once it takes a value."""
    assert await fragile.prove_writable() == await fragile.ping()
    for command in commands:
        assert fresh_redis.ask(command) == "+OK"

    await fragile.ping()
    assert list((await fragile.read((KEY,))).values) == [None]
    with pytest.raises(StoreUnavailable) as refused:
        await fragile.prove_writable()
    assert refused.value.reason == "refused"

    for command in (
        "CONFIG SET maxmemory 0",
        "CONFIG SET min-replicas-to-write 0",
        "ACL SETUSER default +set",
    ):
        fresh_redis.ask(command)
    await fragile.prove_writable()


async def test_it_comes_back_by_itself(fresh_redis: RedisServer, fragile: RedisStore) -> None:
    """After a hang, probes find Redis again and the same values are there."""
    await fragile.write(KEY, b"v", 60.0)
    fresh_redis.pause()
    with pytest.raises(StoreUnavailable):
        await fragile.read((KEY,))
    fresh_redis.resume()

    await until(lambda: answers(fragile))
    assert list((await fragile.read((KEY,))).values) == [b"v"]


async def test_a_restart_is_another_incarnation(fresh_redis: RedisServer, fragile: RedisStore) -> None:
    """A Redis that was started anew is not the one that answered before."""
    before = await fragile.ping()
    fresh_redis.restart()
    await until(lambda: answers(fragile))

    reading = await fragile.read((KEY,))
    assert reading.incarnation != before


async def test_nobody_there_is_a_quick_failure(observer: RecordingObserver) -> None:
    """A refused connection is told as such, long before any timeout."""
    store = open_store(
        f"redis://127.0.0.1:{free_port()}/0", clock=SystemClock(), observer=observer, timeout_s=10.0
    )
    with pytest.raises(StoreUnavailable) as caught:
        await store.read((KEY,))
    await store.aclose()

    assert caught.value.reason == "connection"


async def test_a_replica_is_not_used(fresh_redis: RedisServer, observer: RecordingObserver) -> None:
    """A server that is no primary may lag behind, so it answers nothing."""
    fresh_redis.ask("REPLICAOF 127.0.0.1 1")
    store = open_store(
        fresh_redis.url, clock=SystemClock(), observer=observer, timeout_s=30.0, connect_timeout_s=30.0
    )
    with pytest.raises(StoreUnavailable) as caught:
        await store.read((KEY,))
    await store.aclose()

    assert caught.value.reason == "moved"


async def test_a_primary_that_was_demoted_is_left(fresh_redis: RedisServer, fragile: RedisStore) -> None:
    """The first refused write drops the connection, and the next one finds no primary."""
    fresh_redis.ask("REPLICAOF 127.0.0.1 1")
    with pytest.raises(StoreUnavailable):
        await fragile.replace({KEY: b"v"}, 60.0)
    await until(lambda: is_moved(fragile))


async def is_moved(store: RedisStore) -> bool:
    """Say whether the store refuses to read, for want of a primary."""
    try:
        await store.read((KEY,))
    except StoreUnavailable as failure:
        return failure.reason in {"moved", "breaker_open"}
    return False


async def test_a_refused_command_fails_alone(redis_server: RedisServer, observer: RecordingObserver) -> None:
    """An error reply is its caller's failure; the connection and the breaker stay as they were."""
    store = open_store(
        redis_server.url, clock=SystemClock(), observer=observer, timeout_s=30.0, connect_timeout_s=30.0
    )
    redis_server.ask(f"SADD {KEY} member")
    with pytest.raises(StoreUnavailable) as caught:
        await store.write_if_absent({KEY: b"v"}, 60.0)
    assert caught.value.reason == "refused"
    await store.write(f"{KEY}2", b"v", 60.0)
    await store.aclose()

    assert observer.of("breaker_changed") == []


async def test_calls_under_way_end_when_it_is_closed(fresh_redis: RedisServer, fragile: RedisStore) -> None:
    """Nobody waits for a store that was closed."""
    fresh_redis.pause()
    reader = asyncio.ensure_future(fragile.read((KEY,)))
    await asyncio.sleep(0)
    await fragile.aclose()
    with pytest.raises(StoreUnavailable):
        await reader
    with pytest.raises(StoreUnavailable):
        await fragile.ping()
    fresh_redis.resume()


async def test_cancellations_never_hand_one_caller_the_reply_of_another(
    redis_server: RedisServer, observer: RecordingObserver
) -> None:
    """Under thousands of cancellations at every step, each answer is the one asked for."""
    store = open_store(
        redis_server.url, clock=SystemClock(), observer=observer, timeout_s=30.0, connect_timeout_s=30.0
    )
    for number in range(100):
        await store.write(f"{KEY}{number}", b"%d" % number, 60.0)
    wrong = 0
    answered = 0

    async def call(number: int, step: int) -> None:
        nonlocal wrong, answered
        if step % 3:
            reading = await store.read((f"{KEY}{number}",))
            wrong += list(reading.values) != [b"%d" % number]
        else:
            held = await store.write_if_absent({f"{KEY}{number}": b"x"}, 60.0)
            wrong += held[f"{KEY}{number}"] != b"%d" % number
        answered += 1

    for step in range(60):
        calls = [asyncio.ensure_future(call(number, step + number)) for number in range(100)]
        for _ in range(step % 7):
            await asyncio.sleep(0)
        for cancelled in calls[step % 2 :: 2]:
            cancelled.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    await store.aclose()

    assert wrong == 0
    assert answered >= 60 * 50


async def test_a_connection_killed_by_the_server_fails_what_is_on_it_and_no_more(
    redis_server: RedisServer, observer: RecordingObserver
) -> None:
    """The next call dials anew."""
    store = open_store(
        redis_server.url, clock=SystemClock(), observer=observer, timeout_s=30.0, connect_timeout_s=30.0
    )
    assert isinstance(store, RedisStore)
    await store.ping()
    redis_server.ask("CLIENT KILL TYPE normal SKIPME yes")

    await until(lambda: answers(store))
    await store.aclose()
