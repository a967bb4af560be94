"""Lookups that are no hits: one load for all who wait, stale answers, and loads that pass the cache by."""

from __future__ import annotations

import asyncio

import pytest

from monitor.cache.cache_observer import CacheResult
from monitor.cache.lookup import Loaded
from monitor.cache.memory_store import MemoryStore
from monitor.cache.policy import CachePolicy, NearMode
from monitor.tenancy.context import current_tenant
from monitor.testing.fakes import ManualClock
from tests.conditions import until
from tests.monitor.cache.conftest import Bench, make_bench, page, scope

pytestmark = pytest.mark.usefixtures("bound")


async def test_concurrent_misses_load_once(bench: Bench) -> None:
    """A hundred callers of one cold key are one load."""
    lookups = await asyncio.gather(*(bench.cache.get_or_load(page(), bench.source.load) for _ in range(100)))

    assert bench.source.loads == 1
    assert {lookup.value for lookup in lookups} == {b"v1"}
    assert sum(lookup.collapsed for lookup in lookups) == 99
    assert len(bench.observer.of("coalesced")) == 99
    assert len(bench.results()) == 100


async def test_a_cancelled_caller_harms_nobody(bench: Bench) -> None:
    """The one who began the load leaves; the others get its answer, and each lookup is observed."""
    go_on = asyncio.Event()

    async def slow() -> Loaded:
        await go_on.wait()
        return await bench.source.load()

    callers = [asyncio.ensure_future(bench.cache.get_or_load(page(), slow)) for _ in range(10)]
    await until(lambda: len(bench.observer.of("coalesced")) == 9)
    for caller in callers[:5]:
        caller.cancel()
    await asyncio.sleep(0)
    go_on.set()
    done = await asyncio.gather(*callers, return_exceptions=True)

    assert all(isinstance(answer, asyncio.CancelledError) for answer in done[:5])
    assert [answer.value for answer in done[5:] if not isinstance(answer, BaseException)] == [b"v1"] * 5
    assert len(bench.results()) == 10


async def test_a_load_runs_in_the_tenant_of_its_caller(bench: Bench) -> None:
    """The task of a load inherits the bound tenant."""

    async def who() -> Loaded:
        return Loaded(str(int(current_tenant())).encode())

    assert (await bench.cache.get_or_load(page(), who)).value == b"1"


async def test_a_failing_load_is_the_callers_error(timed: Bench) -> None:
    """With nothing to answer instead, what the load raised is raised, and observed as an error."""
    timed.source.failure = ValueError("no")
    with pytest.raises(ValueError, match="no"):
        await timed.cache.get_or_load(page(), timed.source.load)

    assert timed.results() == ["error"]
    assert timed.observer.of("loaded")[0][3] == "ValueError"


async def test_an_expired_entry_answers_for_a_failing_load(timed: Bench, clock: ManualClock) -> None:
    """Stale-if-error: past its TTL and within the allowance, marked as stale."""
    await timed.cache.get_or_load(page(), timed.source.load)
    clock.advance(400.0)
    timed.source.failure = ValueError()

    lookup = await timed.cache.get_or_load(page(), timed.source.load)

    assert (lookup.value, lookup.result, lookup.ttl_left_s) == (b"v1", CacheResult.STALE, -100.0)
    assert timed.results() == ["miss", "stale"]


async def test_a_slow_load_is_answered_by_an_expired_entry_and_goes_on_behind(clock: ManualClock) -> None:
    """Soft timeout: the caller gets the stale answer, the next one the fresh one."""
    policy = CachePolicy(
        "contacts", 300.0, jitter=0.0, stale_if_error_s=600.0, soft_timeout_s=0.5, near=NearMode.OFF
    )
    bench = make_bench(MemoryStore(clock), clock, policy=policy)
    await bench.cache.get_or_load(page(), bench.source.load)
    clock.advance(400.0)
    go_on = asyncio.Event()

    async def slow() -> Loaded:
        await go_on.wait()
        return Loaded(b"v2")

    lookup = asyncio.ensure_future(bench.cache.get_or_load(page(), slow))
    await until(lambda: clock.sleepers == 1)
    clock.advance(0.5)
    assert (await lookup).result is CacheResult.STALE
    go_on.set()
    await bench.cache._loading.aclose()
    assert (await bench.cache.get_or_load(page(), slow)).value == b"v2"
    assert bench.results() == ["miss", "stale", "hit"]


async def test_a_load_within_the_soft_timeout_is_waited_for(clock: ManualClock) -> None:
    """A quick load's own answer is better than a stale one."""
    policy = CachePolicy(
        "contacts", 300.0, jitter=0.0, stale_if_error_s=600.0, soft_timeout_s=0.5, near=NearMode.OFF
    )
    bench = make_bench(MemoryStore(clock), clock, policy=policy)
    await bench.cache.get_or_load(page(), bench.source.load)
    clock.advance(400.0)
    bench.source.value = b"v2"

    assert (await bench.cache.get_or_load(page(), bench.source.load)).value == b"v2"


async def test_no_stale_answer_outlives_its_allowance(timed: Bench, clock: ManualClock) -> None:
    """After TTL and allowance the load's failure is told."""
    await timed.cache.get_or_load(page(), timed.source.load)
    clock.advance(901.0)
    timed.source.failure = ValueError()
    with pytest.raises(ValueError):  # noqa: PT011 - the type is the message
        await timed.cache.get_or_load(page(), timed.source.load)


async def test_what_a_write_replaced_never_answers_for_a_failing_load(
    timed: Bench, clock: ManualClock
) -> None:
    """Stale by age may be served, stale by a write may not."""
    await timed.cache.get_or_load(page(), timed.source.load)
    await timed.cache.refresh([scope()])
    clock.advance(400.0)
    timed.source.failure = ValueError()
    with pytest.raises(ValueError):  # noqa: PT011 - the type is the message
        await timed.cache.get_or_load(page(), timed.source.load)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: Loaded(b"x" * 2_000_000), "too_large"),
        (lambda value: Loaded(value, cacheable=False), None),
        (lambda value: Loaded(value, negative=True), None),
    ],
    ids=["too large", "not cacheable", "negative without a TTL"],
)
async def test_some_answers_are_served_and_not_stored(
    timed: Bench, answer: object, reason: str | None
) -> None:
    """Too large, no fact, or an absence that the policy does not remember."""
    timed.source.answer = answer  # type: ignore[assignment]

    for _ in range(2):
        assert (await timed.cache.get_or_load(page(), timed.source.load)).stored is False
    assert timed.source.loads == 2
    assert [call[1] for call in timed.observer.of("fill_rejected")] == ([reason] * 2 if reason else [])


async def test_an_absence_is_remembered_for_its_own_ttl(clock: ManualClock) -> None:
    """Negative caching: a hit that says there is nothing."""
    policy = CachePolicy("contacts", 300.0, jitter=0.0, negative_ttl_s=10.0, near=NearMode.OFF)
    bench = make_bench(MemoryStore(clock), clock, policy=policy)
    bench.source.answer = lambda value: Loaded(value, negative=True)
    await bench.cache.get_or_load(page(), bench.source.load)

    hit = await bench.cache.get_or_load(page(), bench.source.load)
    assert (hit.result, hit.negative) == (CacheResult.HIT, True)
    clock.advance(10.0)
    assert (await bench.cache.get_or_load(page(), bench.source.load)).result is CacheResult.MISS


async def test_bypassing_callers_of_one_tick_share_a_load(timed: Bench) -> None:
    """An outage of the store does not send every caller to the database."""
    timed.rollout.off()
    lookups = await asyncio.gather(*(timed.cache.get_or_load(page(), timed.source.load) for _ in range(5)))

    assert timed.source.loads == 1
    assert sum(lookup.collapsed for lookup in lookups) == 4
    assert timed.results() == ["bypass"] * 5


async def test_a_bypassing_load_that_fails_is_an_error(timed: Bench) -> None:
    """Without the cache there is nothing stale to answer with."""
    timed.rollout.off()
    timed.source.failure = ValueError()
    with pytest.raises(ValueError):  # noqa: PT011 - the type is the message
        await timed.cache.get_or_load(page(), timed.source.load)

    assert timed.results() == ["error"]
