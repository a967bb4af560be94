"""Each rule of the cache protocol, and the run that goes wrong without it.

Every scenario runs twice: with the rule no read returns less than was answered before it
began; with the rule taken out one does. The scenarios are the shortest runs of
`docs/cache.md`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from monitor.cache.cache_observer import CacheResult
from monitor.cache.lookup import Lookup
from monitor.cache.policy import NearMode
from monitor.consistency.relay import Relay
from monitor.database.kit_tables import OutboxKind
from monitor.testing.fake_redis import Gate, RedisFault
from tests.monitor.consistency import mutants
from tests.monitor.consistency.world import LEASE_S, TICK_S, TIMING, Parts, Worker, World, detail, page

Scenario = Callable[[World], Awaitable[None]]


async def warm(*workers: Worker, domain: str = "contacts") -> None:
    """Fill list and detail, and see each worker hit both."""
    for worker in workers:
        for key in (page(domain), detail(domain)):
            await worker.read(key)
            assert (await worker.read(key)).result is CacheResult.HIT


def cut_off(*workers: Worker) -> None:
    for worker in workers:
        worker.store.fault = RedisFault.REFUSED


def reconnect(*workers: Worker) -> None:
    for worker in workers:
        worker.store.fault = RedisFault.NONE


def begun_read(worker: Worker) -> asyncio.Task[Lookup]:
    return asyncio.get_running_loop().create_task(worker.read(page()))


async def redis_fails_at_the_write_and_comes_back(world: World) -> None:
    """Redis is out when a write commits and back at once; another worker reads all the while."""
    writer, reader = await world.workers(2)
    await warm(reader)
    world.clock.advance(TICK_S)
    cut_off(writer)
    write = writer.write()
    await world.settle_down()
    reconnect(writer)
    await world.pass_time(LEASE_S + TICK_S, reader)
    assert write.done()


async def another_worker_polled_just_before_the_commit(world: World) -> None:
    """The other worker's lease is as fresh as it can be without knowing of the write."""
    writer, reader = await world.workers(2)
    await warm(reader)
    await reader.poll.once()
    cut_off(writer)
    write = writer.write()
    await world.pass_time(LEASE_S + TICK_S, reader)
    assert write.done()


async def a_polls_answer_arrives_after_the_answer(world: World) -> None:
    """A poll takes its snapshot before the commit; its answer arrives when the writer has waited."""
    writer, reader = await world.workers(2)
    await warm(reader)
    world.outbox.answering = gate = Gate()
    polling = asyncio.get_running_loop().create_task(reader.poll.once())
    await gate.reached.wait()
    cut_off(writer)
    write = writer.write()
    await world.pass_time(LEASE_S + TICK_S)
    assert write.done()
    gate.open.set()
    await polling
    await reader.read(page())


async def suspend(world: World, *workers: Worker) -> None:
    """Bring the workers into a suspension that each of them has known for long."""
    world.outbox.insert(OutboxKind.SUSPENDED)
    for worker in workers:
        await worker.poll.once()
    await world.pass_time(LEASE_S + TICK_S)
    for worker in workers:
        await worker.poll.once()


async def a_suspension_ends_in_the_middle_of_a_poll(world: World) -> None:
    """Between the halves of a poll a suspended writer answers and a relay lifts the suspension."""
    writer, reader, relay = await world.workers(3)
    await warm(reader)
    await suspend(world, writer, reader, relay)
    before = await relay.poll.once()
    assert before is not None
    world.outbox.answering = gate = Gate()
    polling = asyncio.get_running_loop().create_task(reader.poll.once())
    await gate.reached.wait()
    cut_off(writer)
    write = writer.write()
    await world.settle_down()
    assert write.done()
    await relay.relay.relay(before, asked=False)
    gate.open.set()
    await polling
    await reader.read(page())


async def a_second_writer_finds_a_young_suspension(world: World) -> None:
    """One write has just suspended the cache; another, of another domain, comes right after it."""
    first, second, reader = await world.workers(3)
    await warm(reader, domain="appointments")
    cut_off(first, second)
    write = first.write("contacts")
    while not write.done():
        await reader.poll.once()
        await world.pass_time(TICK_S)
    assert OutboxKind.SUSPENDED in world.outbox.kinds()
    await second.poll.once()
    write = second.write("appointments")
    await world.settle_down()
    await reader.read(page("appointments"))
    await world.pass_time(LEASE_S + TICK_S, reader, key=page("appointments"))
    assert write.done()


async def a_suspension_is_lifted_before_the_commit(world: World) -> None:
    """A writer knows of a suspension that a relay has lifted since; other workers hold leases again."""
    writer, reader, relay = await world.workers(3)
    await warm(reader)
    await suspend(world, writer, reader, relay)
    await relay.step()
    await reader.poll.once()
    assert (await reader.read(page())).result is CacheResult.HIT
    world.clock.advance(TICK_S)
    cut_off(writer)
    write = writer.write()
    await world.settle_down()
    await reader.read(page())
    await world.pass_time(LEASE_S + TICK_S, reader)
    assert write.done()


async def an_answer_of_redis_is_lost(world: World) -> None:
    """A SET runs unseen, a read fills, another write is answered; then the first one is tried again."""
    first, second, reader = await world.workers(3)
    world.clock.advance(TICK_S)
    first.store.write_fault = RedisFault.UNANSWERED
    lost = first.write()
    await world.settle_down()
    await warm(reader)
    first.store.write_fault = RedisFault.NONE
    await second.write()
    assert world.answered["contacts"] == 3
    await first.step()
    await reader.poll.once()
    await reader.read(page())
    await world.pass_time(LEASE_S + TICK_S, reader)
    assert lost.done()


async def a_generation_is_evicted(world: World) -> None:
    """A generation is forgotten while entries sealed under an earlier one are still there."""
    writer, reader = await world.workers(2)
    await warm(reader)
    entries = {key: held for key, held in world.redis.primary.held.items() if ":gen" not in key}
    await writer.write()
    world.redis.evict(":gen")
    world.redis.primary.held.update(entries)
    await reader.read(page())


async def a_write_falls_between_transaction_and_token(world: World) -> None:
    """A request has begun when a write is answered, and only then reads the generations."""
    writer, reader = await world.workers(2)
    reader.store.before["read"] = gate = Gate()
    slow = begun_read(reader)
    await gate.reached.wait()
    await writer.write()
    gate.open.set()
    await slow
    await reader.read(page())


async def a_read_finds_an_older_load_under_way(world: World) -> None:
    """A load has taken its snapshot when a write is answered; another read follows."""
    writer, reader = await world.workers(2)
    world.loading = gate = Gate()
    slow = begun_read(reader)
    await gate.reached.wait()
    await writer.write()
    later = begun_read(reader)
    await world.settle_down()
    gate.open.set()
    await asyncio.gather(slow, later)


async def a_bypassing_read_finds_an_older_load_under_way(world: World) -> None:
    """Redis is out; a load has its snapshot when a write is answered; another read follows."""
    writer, reader = await world.workers(2)
    cut_off(writer, reader)
    world.loading = gate = Gate()
    slow = begun_read(reader)
    await gate.reached.wait()
    write = writer.write()
    await world.pass_time(LEASE_S + TICK_S)
    assert write.done()
    later = begun_read(reader)
    await world.settle_down()
    gate.open.set()
    await asyncio.gather(slow, later)


async def a_detail_is_written(world: World) -> None:
    """A write to one entity is answered; its detail is read."""
    writer, reader = await world.workers(2)
    await warm(reader)
    await writer.write()
    await reader.read(detail())


async def a_failover_loses_the_last_sets(world: World) -> None:
    """The replica that takes over has the old generations and the old entries."""
    writer, reader = await world.workers(2)
    await warm(reader)
    behind = world.redis.copy()
    await writer.write()
    world.redis.fail_over(behind)
    for worker in (writer, reader):
        await worker.store.reconnect()
    await world.begin_epoch(writer, reader)
    await reader.read(page())


async def two_primaries_answer(world: World) -> None:
    """A writer has moved to the new primary, a reader still holds a lease on the old one."""
    writer, reader = await world.workers(2)
    await warm(reader)
    await reader.poll.once()
    world.redis.fail_over(world.redis.copy())
    await writer.store.reconnect()
    await writer.step()
    await writer.poll.once()
    write = writer.write()
    await world.pass_time(LEASE_S + TICK_S, reader)
    assert write.done()


async def a_relay_reaches_a_primary_without_an_epoch(world: World) -> None:
    """A relay is already on a new primary that no epoch names; everybody else is on the old one."""
    writer, reader, relay = await world.workers(3)
    await warm(reader)
    world.clock.advance(TICK_S)
    cut_off(writer)
    world.redis.fail_over(world.redis.copy())
    await relay.store.reconnect()
    write = writer.write()
    await world.settle_down()
    snapshot = await relay.poll.once()
    assert snapshot is not None
    await relay.relay.relay(snapshot, asked=False)
    world.clock.advance(TICK_S)
    await writer.poll.once()
    await world.settle_down()
    await reader.poll.once()
    await reader.read(page())
    await world.pass_time(LEASE_S + TICK_S, reader)
    assert write.done()


async def a_relay_moves_between_set_and_delete(world: World) -> None:
    """A relay's SETs run on the old primary; before it deletes it is connected to the new one."""
    writer, reader, relay = await world.workers(3)
    world.redis.fail_over(world.redis.copy())
    for worker in (writer, reader):
        await worker.store.reconnect()
    await world.begin_epoch(writer, reader, relay)
    await warm(reader)
    world.clock.advance(TICK_S)
    cut_off(writer)
    write = writer.write()
    await world.settle_down()
    snapshot = await relay.poll.once()
    assert snapshot is not None
    await relay.relay.relay(snapshot, asked=False)
    world.clock.advance(TICK_S)
    await writer.poll.once()
    await world.settle_down()
    await reader.poll.once()
    await reader.read(page())
    await world.pass_time(LEASE_S + TICK_S, reader)
    assert write.done()


async def another_worker_holds_a_near_entry(world: World) -> None:
    """A worker has just checked its near entry when another one writes."""
    writer, reader = await world.workers(2)
    await warm(writer, reader)
    write = writer.write()
    await world.settle_down()
    await reader.read(page())
    await world.pass_time(2 * TICK_S, reader)
    assert write.done()


async def a_relay_resolves_under_a_near_entry(world: World) -> None:
    """The writer is cut off; a relay refreshes; a third worker has just checked its near entry."""
    writer, reader, relay = await world.workers(3)
    await warm(writer, reader)
    world.clock.advance(TICK_S)
    await reader.poll.once()
    await reader.read(page())
    cut_off(writer)
    write = writer.write()
    await world.settle_down()
    relaying = writer.spawn(relay.step())
    await world.settle_down()
    world.clock.advance(0.001)
    await writer.poll.once()
    await world.settle_down()
    await reader.read(page())
    world.clock.advance(TICK_S)
    await relaying
    await writer.poll.once()
    await world.settle_down()
    assert write.done()


@dataclass(frozen=True)
class Rule:
    """A rule, the run that needs it, and the parts without it."""

    name: str
    scenario: Scenario
    without: Parts
    kept: Parts = field(default_factory=Parts)


LEASED = Parts(near=NearMode.LEASED)
RULES = [
    Rule(
        "a write waits for a confirmed SET or for the lease",
        redis_fails_at_the_write_and_comes_back,
        Parts(settlement=mutants.AnswersUnconfirmed),
    ),
    Rule(
        "it waits for the whole lease",
        another_worker_polled_just_before_the_commit,
        Parts(settlement=mutants.WaitsTooShort),
    ),
    Rule(
        "a lease counts from the poll's start",
        a_polls_answer_arrives_after_the_answer,
        Parts(lease=mutants.CountsFromTheAnswer),
    ),
    Rule(
        "a poll is one statement",
        a_suspension_ends_in_the_middle_of_a_poll,
        Parts(outbox=mutants.PollsInTwoStatements),
    ),
    Rule(
        "a suspension counts once it has been known for a lease",
        a_second_writer_finds_a_young_suspension,
        Parts(lease=mutants.TrustsAnySuspension),
    ),
    Rule(
        "a suspension is looked up after the commit",
        a_suspension_is_lifted_before_the_commit,
        Parts(settlement=mutants.LooksBeforeTheCommit),
    ),
    Rule(
        "each attempt sends a fresh token",
        an_answer_of_redis_is_lost,
        Parts(store=mutants.SendsTokensAgain),
    ),
    Rule("tokens are random", a_generation_is_evicted, Parts(store=mutants.CountsGenerations)),
    Rule(
        "the token is read before the database's snapshot",
        a_write_falls_between_transaction_and_token,
        Parts(worker=mutants.LoadsInAnOlderSnapshot),
    ),
    Rule(
        "single-flight is keyed by the generations",
        a_read_finds_an_older_load_under_way,
        Parts(adjust=mutants.flies_by_key_alone),
    ),
    Rule(
        "a bypassing read joins only loads that have not begun",
        a_bypassing_read_finds_an_older_load_under_way,
        Parts(adjust=mutants.bypass_joins_begun_loads),
    ),
    Rule(
        "every generation of the scope is replaced",
        a_detail_is_written,
        Parts(store=mutants.RefreshesListsAlone),
    ),
    Rule(
        "the epoch is in the seal",
        a_failover_loses_the_last_sets,
        Parts(sealer=mutants.SealsWithoutTheEpoch),
    ),
    Rule("an epoch begins with a quarantine", two_primaries_answer, Parts(lease=mutants.TrustsANewEpoch)),
    Rule(
        "rows are deleted for an epoch's primary alone",
        a_relay_reaches_a_primary_without_an_epoch,
        Parts(relay=mutants.DeletesForAnyPrimary),
    ),
    Rule(
        "rows are deleted for the primary that ran the SETs",
        a_relay_moves_between_set_and_delete,
        Parts(relay=mutants.JudgesAtDeletion),
    ),
    Rule(
        "a writer waits for leased near caches",
        another_worker_holds_a_near_entry,
        Parts(near=NearMode.LEASED, adjust=mutants.the_writer_does_not_wait_for_near_caches),
        LEASED,
    ),
    Rule(
        "a relay waits for leased near caches",
        a_relay_resolves_under_a_near_entry,
        Parts(near=NearMode.LEASED, adjust=mutants.the_relay_does_not_wait_for_near_caches),
        LEASED,
    ),
]


async def run(scenario: Scenario, parts: Parts) -> World:
    world = World(parts)
    try:
        await scenario(world)
        await world.settle_down()
    finally:
        await world.close()
    return world


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
async def test_with_the_rule_no_read_is_stale(rule: Rule) -> None:
    """Every read of the run returns at least what was answered before it began."""
    world = await run(rule.scenario, rule.kept)

    assert [] == world.stale


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
async def test_without_the_rule_a_read_is_stale(rule: Rule) -> None:
    """The same run, with the rule taken out, hands out what a write replaced."""
    world = await run(rule.scenario, rule.without)

    assert [] != world.stale


async def test_redis_is_not_asked_before_or_during_a_transaction() -> None:
    """There is no mark to expire, be overwritten or left behind: a commit touches the database alone."""
    world = World()
    [writer] = await world.workers(1)
    before = list(writer.store.calls)

    writer.commit()

    assert before == writer.store.calls


async def test_a_crash_between_commit_and_set_shows_after_one_poll() -> None:
    """The row outlives its writer: the next poll makes the scope suspect, the relay resolves it."""
    world = World()
    writer, reader = await world.workers(2)
    await warm(reader)
    writer.commit()
    world.clock.advance(TIMING.poll_s)

    await reader.step()
    await reader.poll.once()

    assert b"2" == (await reader.read(page())).value
    assert [] == world.outbox.ids


async def waits_while_writes_are_refused(parts: Parts, refused: str) -> list[float]:
    """Return how long each of several writes waits while Redis answers and refuses their SETs."""
    world = World(parts)
    waits = []
    try:
        writer, relay = await world.workers(2)
        world.redis.refuses = refused
        for _ in range(6):
            began = world.clock.monotonic()
            write = writer.write()
            await world.settle_down()
            while not write.done():
                await live_on(world, writer, relay)
            waits.append(round(world.clock.monotonic() - began, 3))
            await live_on(world, writer, relay)
    finally:
        await world.close()
    return waits


async def live_on(world: World, *workers: Worker) -> None:
    """Let every worker poll and relay once, and a poll's time pass."""
    for worker in workers:
        await worker.step()
    await world.pass_time(TIMING.poll_s)


@pytest.mark.parametrize("refused", ["", "contacts"], ids=["a full server", "a slot left migrating"])
async def test_a_redis_that_refuses_writes_slows_the_first_of_them_alone(refused: str) -> None:
    """Once the suspension has been known for a lease no write waits any more, however long it lasts."""
    waits = await waits_while_writes_are_refused(Parts(), refused)

    assert LEASE_S <= waits[0] <= LEASE_S + TIMING.poll_s
    assert [0.0] * 4 == waits[2:]


@pytest.mark.parametrize(
    ("mutant", "refused"),
    [
        (mutants.LiftsOnAPing, ""),
        (mutants.LiftsOnAPing, "contacts"),
        (mutants.LiftsOverUnresolvedRows, "contacts"),
    ],
)
async def test_without_the_rule_every_write_waits(mutant: type[Relay], refused: str) -> None:
    """A suspension that is lifted by less than a resolution flaps, and each write pays for it."""
    waits = await waits_while_writes_are_refused(Parts(relay=mutant), refused)

    assert min(waits) > 0.0
