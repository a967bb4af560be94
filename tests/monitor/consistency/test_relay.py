"""Poll, relay, settlement and the loop that runs them, over an outbox in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from monitor.cache.cache_observer import CacheResult
from monitor.consistency.protocol import OutboxNews
from monitor.consistency.relay_loop import RelayLoop
from monitor.database.kit_tables import OutboxKind
from monitor.testing.fake_redis import Gate, RedisFault
from tests.monitor.consistency.world import LEASE_S, TICK_S, TIMING, Worker, World, page


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Give a world without workers."""
    world = World()
    yield world
    await world.close()


@pytest.fixture
async def worker(world: World) -> Worker:
    """Give its one worker."""
    [worker] = await world.workers(1)
    return worker


async def test_a_confirmed_write_is_answered_at_once(world: World, worker: Worker) -> None:
    """No time passes where Redis answers, and the rows are deleted behind the answer."""
    before = world.clock.monotonic()

    await worker.write()
    await worker.resolver.aclose()

    assert before == world.clock.monotonic()
    assert [] == world.outbox.ids
    assert [] == worker.observer.of("writes_waiting")


async def test_an_unconfirmed_write_waits_no_longer_than_a_relay(world: World) -> None:
    """A worker cut off by itself answers as soon as a poll shows that others resolved its rows."""
    worker, other = await world.workers(2)
    worker.store.fault = RedisFault.REFUSED
    world.clock.advance(TICK_S)
    write = worker.write()
    await world.settle_down()
    assert [OutboxNews.ASKED] == world.outbox.news

    world.clock.advance(TICK_S)
    await other.step()
    await worker.poll.once()
    await world.settle_down()

    assert write.done()
    assert [] == world.outbox.ids
    assert [(1,), (0,)] == worker.observer.of("writes_waiting")


async def test_a_long_outage_suspends_the_cache_and_costs_later_writes_nothing(world: World) -> None:
    """The first write waits for the lease and suspends; once that is known for long no write waits."""
    worker, _ = await world.workers(2)
    worker.store.fault = RedisFault.REFUSED
    write = worker.write()
    await world.pass_time(LEASE_S + TICK_S)
    assert write.done()
    assert OutboxKind.SUSPENDED in world.outbox.kinds()

    await worker.poll.once()
    await world.pass_time(LEASE_S + TICK_S)
    await worker.poll.once()
    before = world.clock.monotonic()
    await worker.write()

    assert before == world.clock.monotonic()


async def test_a_worker_cut_off_by_itself_suspends_nobody(world: World) -> None:
    """Where others resolve the row in the meantime no suspension is inserted."""
    worker, other = await world.workers(2)
    worker.store.fault = RedisFault.REFUSED
    write = worker.write()
    await world.settle_down()
    await other.step()
    await world.pass_time(LEASE_S + TICK_S)

    assert write.done()
    assert [] == world.outbox.kinds()


async def test_a_write_is_answered_without_the_database_too(world: World, worker: Worker) -> None:
    """Where neither Redis nor the database answers after the commit, the wait alone makes it safe."""
    worker.store.fault = RedisFault.REFUSED
    write = worker.write()
    world.outbox.down = True
    await world.pass_time(LEASE_S + TICK_S)

    assert write.done()
    assert write.exception() is None


async def test_a_cancelled_writer_leaves_its_row(world: World, worker: Worker) -> None:
    """A writer that leaves while it waits answers nobody; its row stays for a relay."""
    worker.store.fault = RedisFault.REFUSED
    write = worker.write()
    await world.settle_down()

    write.cancel()
    await world.settle_down()

    assert 1 == len(world.outbox.ids)
    assert (0,) == worker.observer.of("writes_waiting")[-1]


async def test_a_relay_lifts_a_suspension_once_redis_answers(world: World, worker: Worker) -> None:
    """Rows resolved and a value stored end a suspension; the rest of the cache is still warm."""
    await worker.read(page())
    world.outbox.insert(OutboxKind.SUSPENDED)
    worker.store.fault = RedisFault.REFUSED
    await worker.step()
    assert [OutboxKind.SUSPENDED] == world.outbox.kinds()
    assert CacheResult.BYPASS is (await worker.read(page())).result

    worker.store.fault = RedisFault.NONE
    await worker.step()
    await worker.poll.once()

    assert [] == world.outbox.ids
    assert CacheResult.HIT is (await worker.read(page())).result


async def test_a_suspension_outlasts_a_redis_that_refuses_writes(world: World, worker: Worker) -> None:
    """Neither a ping nor a row that cannot be resolved lifts it; the first confirmed SET does."""
    world.outbox.insert(OutboxKind.SUSPENDED)
    world.redis.refuses = ""
    await worker.step()
    assert [OutboxKind.SUSPENDED] == world.outbox.kinds()

    for refused in ("", "contacts"):
        world.redis.refuses = refused
        worker.commit()
        await worker.step()
        assert OutboxKind.SUSPENDED in world.outbox.kinds()

    world.redis.refuses = None
    await worker.step()
    assert [] == world.outbox.ids


async def test_a_suspension_outlasts_a_backlog(world: World, worker: Worker) -> None:
    """Rows that a poll could not carry may hold what a write waits for, so they are resolved first."""
    world.outbox.insert(OutboxKind.SUSPENDED)
    for _ in range(TIMING.poll_limit + 1):
        worker.commit()

    await worker.step()
    assert OutboxKind.SUSPENDED in world.outbox.kinds()

    await worker.step()
    await worker.step()
    assert [] == world.outbox.ids


async def test_nothing_is_resolved_in_quarantine(world: World, worker: Worker) -> None:
    """Until a new epoch's quarantine is over neither writes nor suspensions are resolved."""
    world.redis.restart()
    await worker.step()
    worker.commit()
    world.outbox.insert(OutboxKind.SUSPENDED)

    await worker.step()
    assert 2 == len(world.outbox.ids)

    world.clock.advance(LEASE_S + TICK_S)
    await worker.poll.once()
    await worker.step()
    assert [] == world.outbox.ids


async def test_a_backlog_is_refreshed_in_portions(world: World, worker: Worker) -> None:
    """More rows than one round trip should carry are refreshed one portion after another."""
    for _ in range(2 * TIMING.refresh_limit + 1):
        worker.commit()
    calls = worker.store.calls.count("replace")

    await worker.step()

    assert calls + 3 == worker.store.calls.count("replace")
    assert [] == world.outbox.ids


async def test_a_kill_switch_keeps_every_worker_from_the_cache(world: World) -> None:
    """Off shows in one poll, is told once, and bypasses what it names."""
    worker, _ = await world.workers(2)
    await worker.read(page())
    row = world.outbox.insert(OutboxKind.OFF, None, "contacts")
    await worker.step()
    await worker.step()
    assert CacheResult.BYPASS is (await worker.read(page())).result
    assert [row] == world.outbox.ids

    world.outbox._rows.clear()
    await worker.poll.once()

    assert [("*", True), ("contacts", False), ("contacts", True)] == worker.observer.of("switched")


async def test_a_poll_that_fails_lets_the_lease_run_out(world: World, worker: Worker) -> None:
    """Without the database there is no lease, and the state is told when it changes."""
    world.outbox.down = True
    assert await worker.poll.once() is None
    world.clock.advance(TIMING.lease_s)
    assert await worker.poll.once() is None

    assert CacheResult.BYPASS is (await worker.read(page())).result
    assert ("expired",) == worker.observer.of("lease_changed")[-1]


async def test_a_poll_tells_rows_and_lag(world: World, worker: Worker) -> None:
    """The number of rows and the age of the oldest are observed at each poll."""
    worker.commit()
    world.clock.advance(3.0)
    worker.commit()

    await worker.poll.once()

    assert (2, 3.0) == worker.observer.of("outbox_polled")[-1]


def loop_of(world: World, worker: Worker) -> RelayLoop:
    return RelayLoop(
        poll=worker.poll,
        relay=worker.relay,
        outbox=world.outbox,
        lease=worker.lease,
        clock=world.clock,
        timing=TIMING,
    )


async def test_the_loop_polls_at_its_pace_and_relays(world: World, worker: Worker) -> None:
    """Each period brings one poll, and what it saw is resolved beside the next."""
    polls = len(worker.observer.of("outbox_polled"))
    async with loop_of(world, worker).running():
        worker.commit()
        await world.settle_down()
        for _ in range(4):
            await world.pass_time(TIMING.shortest_poll_s)
            world.clock.advance(TIMING.poll_s - TIMING.shortest_poll_s)
            await world.settle_down()

    assert polls + 1 + 4 == len(worker.observer.of("outbox_polled"))
    assert [] == world.outbox.ids


async def test_a_backlog_is_worked_off_without_a_pause(world: World, worker: Worker) -> None:
    """Where a poll could not carry all rows the next one follows at the shortest interval."""
    for _ in range(2 * TIMING.poll_limit):
        worker.commit()
    async with loop_of(world, worker).running():
        for _ in range(3):
            await world.settle_down()
            await world.pass_time(TIMING.shortest_poll_s)

    assert [] == world.outbox.ids


async def test_news_shorten_the_wait_for_the_next_poll(world: World, worker: Worker) -> None:
    """A poll that was asked for comes at the shortest interval, and its relay tells that rows are gone."""
    asked: asyncio.Queue[OutboxNews] = asyncio.Queue()
    setattr(world.outbox, "notified", asked.get)  # noqa: B010 - a door of this outbox that the test opens
    async with loop_of(world, worker).running():
        await world.settle_down()
        worker.commit()
        asked.put_nowait(OutboxNews.ASKED)
        await world.pass_time(TIMING.shortest_poll_s + 0.01)

    assert [] == world.outbox.ids
    assert [OutboxNews.RESOLVED] == world.outbox.news


async def test_news_of_resolved_rows_wake_who_waits_for_them(world: World, worker: Worker) -> None:
    """`resolved` brings a poll only where a writer of this worker waits for one."""
    told: asyncio.Queue[OutboxNews] = asyncio.Queue()
    setattr(world.outbox, "notified", told.get)  # noqa: B010 - the same
    worker.store.fault = RedisFault.REFUSED
    async with loop_of(world, worker).running():
        await world.pass_time(TICK_S)
        polls = len(worker.observer.of("outbox_polled"))
        told.put_nowait(OutboxNews.RESOLVED)
        await world.settle_down()
        assert polls == len(worker.observer.of("outbox_polled"))

        write = worker.write()
        await world.settle_down()
        world.outbox.delete(world.outbox.ids)
        told.put_nowait(OutboxNews.RESOLVED)
        await world.settle_down()
        await world.pass_time(TIMING.shortest_poll_s)
        assert write.done()


async def test_a_hung_relay_does_not_cost_the_lease(world: World, worker: Worker) -> None:
    """Polls go on while a relay waits for Redis."""
    worker.commit()
    async with loop_of(world, worker).running():
        worker.store.before["replace"] = Gate()
        await world.pass_time(2 * TIMING.lease_s)

        assert 1 == worker.lease.confirms()
