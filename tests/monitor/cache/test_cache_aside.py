"""Look up, load, store: every outcome, each observed once."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode
from structlog.testing import capture_logs

from monitor.cache.admission import AlwaysAdmitted
from monitor.cache.expiry import Expiry
from monitor.cache.keys import make_key
from monitor.cache.lookup import Loaded
from monitor.cache.memory_store import MemoryStore
from monitor.cache.near_cache import NearCache
from monitor.cache.observer import CacheLayer, CacheResult
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.store import Reading, Store
from monitor.clock import SystemClock
from monitor.errors import CrossTenantAccess, InvalidCacheKey, TenantNotBound
from monitor.tenancy.context import bind, current
from monitor.testing import FaultyStore, ManualClock
from tests.conditions import until
from tests.monitor.cache.conftest import Bench, detail, make_bench, page, scope

STALE_POLICY = CachePolicy("contacts", 300.0, jitter=0.0, stale_if_error_s=600.0, near=NearMode.OFF)


@pytest.fixture(autouse=True)
def _bound() -> Iterator[None]:
    with bind(1):
        yield


@pytest.fixture
async def timed(clock: ManualClock) -> AsyncIterator[Bench]:
    """Give a cache in memory, on a clock that the test moves, over a store that can fail."""
    bench = make_bench(FaultyStore(MemoryStore(clock)), clock, policy=STALE_POLICY)
    yield bench
    await bench.cache.aclose()


def faulty(bench: Bench) -> FaultyStore:
    assert isinstance(bench.store, FaultyStore)
    return bench.store


async def test_a_miss_loads_and_the_next_lookup_hits(bench: Bench) -> None:
    """The second lookup is answered from the store, without a load."""
    missed = await bench.cache.get_or_load(page(), bench.source.load)
    hit = await bench.cache.get_or_load(page(), bench.source.load)

    assert (missed.value, missed.result, missed.stored) == (b"v1", CacheResult.MISS, True)
    assert (hit.value, hit.result, hit.layer) == (b"v1", CacheResult.HIT, CacheLayer.STORE)
    assert 299.0 < hit.ttl_left_s <= 300.0
    assert 0.0 <= hit.age_s < 1.0
    assert bench.source.loads == 1
    assert bench.results() == ["miss", "hit"]


async def test_a_refreshed_scope_is_a_miss(bench: Bench) -> None:
    """After a write's refresh no lookup returns what it replaced."""
    await bench.cache.get_or_load(page(), bench.source.load)
    bench.source.value = b"v2"

    refreshed = await bench.cache.refresh([scope(entity="7")])

    assert refreshed.confirmed
    assert (await bench.cache.get_or_load(page(), bench.source.load)).value == b"v2"


async def test_a_write_to_one_entity_leaves_the_others_cached(bench: Bench) -> None:
    """Lists and the entity's own details are stale, other details still hit."""
    for key in (page(), detail("7"), detail("8")):
        await bench.cache.get_or_load(key, bench.source.load)
    await bench.cache.refresh([scope(entity="7")])

    results = [
        (await bench.cache.get_or_load(key, bench.source.load)).result
        for key in (page(), detail("7"), detail("8"))
    ]

    assert results == [CacheResult.MISS, CacheResult.MISS, CacheResult.HIT]


async def test_a_bulk_write_leaves_nothing_of_the_domain(bench: Bench) -> None:
    """A write that names no entity makes every list and detail stale."""
    for key in (page(), detail("7")):
        await bench.cache.get_or_load(key, bench.source.load)
    await bench.cache.refresh([scope()])

    for key in (page(), detail("7")):
        assert (await bench.cache.get_or_load(key, bench.source.load)).result is CacheResult.MISS


async def test_a_load_that_was_overtaken_by_a_write_is_not_served_afterwards(bench: Bench) -> None:
    """A reader loads the old row, a writer commits and refreshes, the reader stores: nobody hits that."""
    loading, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> Loaded:
        old = bench.source.value
        loading.set()
        await go_on.wait()
        return Loaded(old)

    overtaken = asyncio.ensure_future(bench.cache.get_or_load(page(), slow))
    await loading.wait()
    bench.source.value = b"v2"
    await bench.cache.refresh([scope()])
    during = await bench.cache.get_or_load(page(), bench.source.load)
    go_on.set()
    await overtaken
    after = await bench.cache.get_or_load(page(), bench.source.load)

    assert (during.value, after.value) == (b"v2", b"v2")


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
        return Loaded(str(int(current())).encode())

    assert (await bench.cache.get_or_load(page(), who)).value == b"1"


async def test_keys_of_another_tenant_are_refused_before_anything_is_read(bench: Bench) -> None:
    """Neither the store nor the load is asked."""
    with pytest.raises(CrossTenantAccess):
        await bench.cache.get_or_load(page(tenant=2), bench.source.load)
    assert (bench.source.loads, bench.observer.of("store_called")) == (0, [])


async def test_nothing_is_looked_up_where_no_tenant_is_bound(memory: MemoryStore) -> None:
    """Without a tenant the cache fails closed."""
    bench = make_bench(memory, SystemClock())

    async def unbound() -> None:
        await bench.cache.get_or_load(page(), bench.source.load)

    task = contextvars.Context().run(lambda: asyncio.ensure_future(unbound()))
    with pytest.raises(TenantNotBound):
        await task


async def test_a_domain_without_a_policy_is_refused(bench: Bench) -> None:
    """What nobody said how to cache is a mistake."""
    with pytest.raises(InvalidCacheKey):
        await bench.cache.get_or_load(make_key(1, "unknown", "x"), bench.source.load)


async def test_a_failing_store_is_bypassed_with_a_log_line_and_an_outcome(timed: Bench) -> None:
    """The caller is answered by the load and sees no error."""
    faulty(timed).fail("read")
    with capture_logs() as lines:
        lookup = await timed.cache.get_or_load(page(), timed.source.load)
        await timed.cache.get_or_load(page(), timed.source.load)

    assert (lookup.value, lookup.result, lookup.stored) == (b"v1", CacheResult.BYPASS, False)
    assert timed.results() == ["bypass", "bypass"]
    assert [(line["event"], line["reason"]) for line in lines] == [("cache_bypassed", "connection")]


async def test_a_store_that_cannot_make_generations_is_bypassed(timed: Bench) -> None:
    """Without agreed generations nothing is stored."""
    faulty(timed).fail("write_if_absent")

    assert (await timed.cache.get_or_load(page(), timed.source.load)).result is CacheResult.BYPASS
    assert "write" not in faulty(timed).calls


async def test_a_failing_fill_is_nobodys_error(timed: Bench) -> None:
    """The caller has its answer; the rejected fill is counted."""
    faulty(timed).fail("write")

    assert (await timed.cache.get_or_load(page(), timed.source.load)).value == b"v1"
    await timed.cache._loading.aclose()
    assert timed.observer.of("fill_rejected") == [("contacts", "store_failed")]


async def test_another_incarnation_than_the_epochs_is_bypassed(clock: ManualClock) -> None:
    """What a server answers that the epoch does not name is not believed."""

    class OneIncarnation(AlwaysAdmitted):
        def recognises(self, epoch: int, incarnation: str) -> bool:  # noqa: ARG002 - the contract's names
            return incarnation == "known"

    store = FaultyStore(MemoryStore(clock))
    bench = make_bench(store, clock, admission=OneIncarnation())
    store.incarnation = "known"
    await bench.cache.get_or_load(page(), bench.source.load)
    store.incarnation = "other"

    assert (await bench.cache.get_or_load(page(), bench.source.load)).result is CacheResult.BYPASS
    assert not (await bench.cache.refresh([scope()])).confirmed


async def test_a_new_epoch_makes_everything_before_a_miss(memory: MemoryStore) -> None:
    """Entries are sealed under their epoch."""
    admission = AlwaysAdmitted()
    bench = make_bench(memory, SystemClock(), admission=admission)
    await bench.cache.get_or_load(page(), bench.source.load)
    admission.begin_epoch()

    assert (await bench.cache.get_or_load(page(), bench.source.load)).result is CacheResult.MISS
    assert bench.observer.of("entry_rejected") == []


async def test_the_switch_bypasses_at_once_and_revives_nothing(timed: Bench) -> None:
    """What was cached before the switch was off, and replaced meanwhile, is not served after."""
    await timed.cache.get_or_load(page(), timed.source.load)
    timed.rollout.off()
    assert (await timed.cache.get_or_load(page(), timed.source.load)).result is CacheResult.BYPASS
    timed.source.value = b"v2"
    await timed.cache.refresh([scope()])
    timed.rollout.on()

    assert (await timed.cache.get_or_load(page(), timed.source.load)).value == b"v2"


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


async def test_a_hit_near_its_end_is_refreshed_behind_it(clock: ManualClock) -> None:
    """XFetch: the caller has its hit at once, the next ones the newer entry."""
    policy = CachePolicy("contacts", 300.0, jitter=0.0, near=NearMode.OFF)
    bench = make_bench(MemoryStore(clock), clock, policy=policy, expiry=Expiry(draw=lambda: 0.9))

    async def dear() -> Loaded:
        clock.advance(10.0)
        return await bench.source.load()

    await bench.cache.get_or_load(page(), dear)
    clock.advance(280.0)
    bench.source.value = b"v2"

    assert (await bench.cache.get_or_load(page(), dear)).value == b"v1"
    await bench.cache._loading.aclose()
    assert (await bench.cache.get_or_load(page(), dear)).value == b"v2"
    assert bench.results() == ["miss", "hit", "hit"]


async def test_cancellations_at_every_step_leave_every_other_answer_right(store: Store) -> None:
    """Callers cancelled anywhere, on shared and distinct keys, with writes between: nobody gets another's."""
    bench = make_bench(store, SystemClock())
    wrong: list[bytes] = []
    answered = 0

    async def call(number: int) -> None:
        nonlocal answered
        expected = b"page %d" % number

        async def load() -> Loaded:
            await asyncio.sleep(0)
            return Loaded(expected)

        lookup = await bench.cache.get_or_load(page(number), load)
        answered += 1
        if lookup.value != expected:
            wrong.append(lookup.value)

    for step in range(40):
        callers = [asyncio.ensure_future(call(number % 20)) for number in range(60)]
        for _ in range(step % 9):
            await asyncio.sleep(0)
        for caller in callers[step % 3 :: 3]:
            caller.cancel()
        if step % 5 == 0:
            await bench.cache.refresh([scope()])
        await asyncio.gather(*callers, return_exceptions=True)

    assert wrong == []
    assert answered >= 40 * 40
    assert len(bench.results()) == len(bench.observer.of("looked_up"))


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


async def test_an_entry_expires(timed: Bench, clock: ManualClock) -> None:
    """Past its TTL an entry is loaded again."""
    await timed.cache.get_or_load(page(), timed.source.load)
    clock.advance(300.0)

    assert (await timed.cache.get_or_load(page(), timed.source.load)).result is CacheResult.MISS


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


@pytest.mark.parametrize("wrong", ["truncated", "flipped", "foreign", "older", "garbage"])
async def test_a_stored_value_that_does_not_open_is_a_miss_with_an_observation(
    store: Store, wrong: str
) -> None:
    """Whatever stands in an entry's place, the answer is loaded and the rejection counted."""
    bench = make_bench(store, SystemClock())
    await bench.cache.get_or_load(page(), bench.source.load)
    await bench.cache._loading.aclose()
    (held,) = (await store.read((page().physical,))).values
    assert held is not None
    with bind(2):
        await bench.cache.get_or_load(page(tenant=2), bench.source.load)
    await bench.cache._loading.aclose()
    (foreign,) = (await store.read((page(tenant=2).physical,))).values
    bad = {
        "truncated": held[:-1],
        "flipped": held[:-1] + bytes((held[-1] ^ 1,)),
        "foreign": foreign,
        "older": b"\x00" + held[1:],
        "garbage": b"garbage",
    }[wrong]
    assert bad is not None
    await store.write(page().physical, bad, 60.0)

    lookup = await bench.cache.get_or_load(page(), bench.source.load)

    assert (lookup.value, lookup.result) == (b"v1", CacheResult.MISS)
    assert [call[0] for call in bench.observer.of("entry_rejected")] == ["contacts"]


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


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Give a place for finished spans."""
    return InMemorySpanExporter()


def traced(memory: MemoryStore, spans: InMemorySpanExporter) -> tuple[Bench, TracerProvider]:
    """Return a cache whose spans are exported."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return make_bench(memory, SystemClock(), tracer=provider.get_tracer("test")), provider


async def test_each_lookup_is_one_span_and_loads_are_its_children(
    memory: MemoryStore, spans: InMemorySpanExporter
) -> None:
    """The span names domain, result and layer, and nothing of the key."""
    bench, provider = traced(memory, spans)
    tracer = provider.get_tracer("test")

    async def load() -> Loaded:
        with tracer.start_as_current_span("load"):
            return Loaded(b"v")

    await bench.cache.get_or_load(page(), load)
    await bench.cache.get_or_load(page(), load)

    loaded, missed, hit = spans.get_finished_spans()
    assert [span.name for span in (loaded, missed, hit)] == [
        "load",
        "cache get contacts",
        "cache get contacts",
    ]
    assert loaded.parent is not None
    assert missed.context is not None
    assert loaded.parent.span_id == missed.context.span_id
    assert dict(missed.attributes or {}) == {"cache.domain": "contacts", "cache.result": "miss"}
    assert dict(hit.attributes or {}) == {
        "cache.domain": "contacts",
        "cache.result": "hit",
        "cache.layer": "store",
    }


async def test_a_failed_lookup_marks_its_span_without_the_message(
    memory: MemoryStore, spans: InMemorySpanExporter
) -> None:
    """An exception's text may be personal, so the span has its class alone."""
    bench, _ = traced(memory, spans)
    bench.source.failure = ValueError("Jane Doe")
    with pytest.raises(ValueError, match="Jane"):
        await bench.cache.get_or_load(page(), bench.source.load)

    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert "Jane" not in span.to_json()


async def test_no_span_is_made_under_a_parent_that_is_not_recorded(
    memory: MemoryStore, spans: InMemorySpanExporter
) -> None:
    """An unsampled request pays nothing for tracing its lookups."""
    bench, _ = traced(memory, spans)
    unsampled = TracerProvider(sampler=ALWAYS_OFF).get_tracer("test")
    with unsampled.start_as_current_span("request"):
        await bench.cache.get_or_load(page(), bench.source.load)

    assert spans.get_finished_spans() == ()


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


async def test_a_lookup_cancelled_while_the_store_is_asked_is_observed_once(timed: Bench) -> None:
    """A client that leaves early still counts as one lookup, and as no miss."""
    asked = asyncio.Event()

    async def never(_keys: object) -> Reading:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    timed.cache._finder.read = never  # type: ignore[assignment]
    caller = asyncio.ensure_future(timed.cache.get_or_load(page(), timed.source.load))
    await asked.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    assert timed.results() == ["bypass"]
