"""The Redis that fails as told: each fault does what it says."""

from __future__ import annotations

import asyncio

import pytest

from monitor.errors import StoreUnavailable
from monitor.testing.fake_redis import FakeRedis, FakeRedisStore, Gate, RedisFault
from monitor.testing.fakes import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that the test moves."""
    return ManualClock()


@pytest.fixture
def redis() -> FakeRedis:
    """Give an empty Redis."""
    return FakeRedis()


@pytest.fixture
def store(redis: FakeRedis, clock: ManualClock) -> FakeRedisStore:
    """Give a connection to it."""
    return FakeRedisStore(redis, clock)


async def held(store: FakeRedisStore, key: str = "a") -> bytes | None:
    return (await store.read([key])).values[0]


async def test_values_are_kept_until_they_expire(store: FakeRedisStore, clock: ManualClock) -> None:
    """A value answers until its time to live has passed."""
    await store.write("a", b"1", 10.0)
    assert b"1" == await held(store)

    clock.advance(10.0)
    assert await held(store) is None


async def test_only_absent_keys_are_written(store: FakeRedisStore) -> None:
    """`write_if_absent` keeps what is there and returns what each key then holds."""
    await store.write("a", b"1", 10.0)

    assert {"a": b"1", "b": b"2"} == await store.write_if_absent({"a": b"2", "b": b"2"}, 10.0)


async def test_a_deleted_key_is_gone(store: FakeRedisStore) -> None:
    """`delete` removes what it names."""
    await store.write("a", b"1", 10.0)
    await store.delete(["a", "b"])

    assert await held(store) is None


async def test_a_refused_command_never_runs(store: FakeRedisStore) -> None:
    """Nothing is sent on a broken connection."""
    store.fault = RedisFault.REFUSED
    with pytest.raises(StoreUnavailable):
        await store.replace({"a": b"1"}, 10.0)
    store.fault = RedisFault.NONE
    store.run_queued()

    assert await held(store) is None


async def test_a_queued_command_runs_later(store: FakeRedisStore) -> None:
    """What timed out may still run."""
    store.write_fault = RedisFault.QUEUED
    with pytest.raises(StoreUnavailable):
        await store.replace({"a": b"1"}, 10.0)
    assert await held(store) is None

    store.run_queued()
    assert b"1" == await held(store)


async def test_an_unanswered_command_has_run(store: FakeRedisStore) -> None:
    """A lost answer says nothing about the command."""
    store.write_fault = RedisFault.UNANSWERED
    with pytest.raises(StoreUnavailable):
        await store.replace({"a": b"1"}, 10.0)

    assert b"1" == await held(store)


async def test_a_restart_begins_a_new_run(redis: FakeRedis, store: FakeRedisStore) -> None:
    """Connections to the old run find the new one, empty or with what a snapshot held."""
    await store.write("a", b"1", 10.0)
    before, snapshot = await store.ping(), redis.copy()

    redis.restart()
    assert await held(store) is None
    assert before != await store.ping()

    redis.restart(snapshot)
    assert b"1" == await held(store)


async def test_a_queued_command_dies_with_its_primary(redis: FakeRedis, store: FakeRedisStore) -> None:
    """What waited in a primary that ended never runs."""
    store.write_fault = RedisFault.QUEUED
    with pytest.raises(StoreUnavailable):
        await store.replace({"a": b"1"}, 10.0)
    redis.restart()
    store.run_queued()

    assert await held(store) is None


async def test_after_a_failover_the_old_primary_goes_on(redis: FakeRedis, clock: ManualClock) -> None:
    """Whoever is connected stays with the old primary until it reconnects."""
    stays, moves = FakeRedisStore(redis, clock), FakeRedisStore(redis, clock)
    await stays.write("a", b"1", 10.0)
    redis.fail_over({})
    await moves.reconnect()

    assert (b"1", None) == (await held(stays), await held(moves))
    assert await stays.ping() != await moves.ping()


async def test_what_is_evicted_is_gone(redis: FakeRedis, store: FakeRedisStore) -> None:
    """Eviction takes the keys that hold the part."""
    await store.write("a:gen", b"1", 10.0)
    await store.write("a:list", b"2", 10.0)
    redis.evict(":gen")

    assert (None, b"2") == (await held(store, "a:gen"), await held(store, "a:list"))


@pytest.mark.parametrize(("moment", "seen"), [("before", None), ("after", b"1")])
async def test_a_gate_holds_a_call(store: FakeRedisStore, moment: str, seen: bytes | None) -> None:
    """A call can be held before it runs, or between its run and its answer."""
    gate = Gate()
    getattr(store, moment)["replace"] = gate
    call = asyncio.create_task(store.replace({"a": b"1"}, 10.0))
    await gate.reached.wait()
    assert seen == await held(store)

    gate.open.set()
    assert await call == await store.ping()
    await store.aclose()
