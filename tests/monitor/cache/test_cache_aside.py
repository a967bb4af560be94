"""Look up, load, store: every outcome, each observed once."""

from __future__ import annotations

import asyncio
import contextvars

import pytest
from structlog.testing import capture_logs

from monitor.cache.admission import AlwaysAdmitted
from monitor.cache.cache_observer import CacheLayer, CacheResult
from monitor.cache.expiry import Expiry
from monitor.cache.keys import make_key
from monitor.cache.lookup import Loaded
from monitor.cache.memory_store import MemoryStore
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.store import Store, StoreReading
from monitor.clock import SystemClock
from monitor.errors import CrossTenantAccess, InvalidCacheKey, TenantNotBound
from monitor.tenancy.context import bind
from monitor.testing.fakes import FaultyStore, ManualClock
from tests.monitor.cache.conftest import Bench, detail, faulty, make_bench, page, scope

pytestmark = pytest.mark.usefixtures("bound")


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


async def test_a_key_of_another_prefix_is_refused(memory: MemoryStore) -> None:
    """What no write of this service could make stale is not read and not stored."""
    bench = make_bench(memory, SystemClock(), prefix="account_")
    key = make_key(1, "contacts", "list", prefix="account_")

    with bind(1):
        for _ in range(2):
            await bench.cache.get_or_load(key, bench.source.load)
        await bench.cache.refresh([scope()])
        await bench.cache.get_or_load(key, bench.source.load)
        with pytest.raises(InvalidCacheKey, match="account_"):
            await bench.cache.get_or_load(make_key(1, "contacts", "list"), bench.source.load)

    assert ["miss", "hit", "miss"] == bench.results()


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

    class Epochs(AlwaysAdmitted):
        current = 1

        def admits(self, tenant: int, domain: str) -> int | None:  # noqa: ARG002 - the contract's names
            return self.current

        def recognises(self, epoch: int, incarnation: str) -> bool:  # noqa: ARG002 - the contract's names
            return epoch == self.current

    admission = Epochs()
    bench = make_bench(memory, SystemClock(), admission=admission)
    await bench.cache.get_or_load(page(), bench.source.load)
    admission.current = 2

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


async def test_an_entry_expires(timed: Bench, clock: ManualClock) -> None:
    """Past its TTL an entry is loaded again."""
    await timed.cache.get_or_load(page(), timed.source.load)
    clock.advance(300.0)

    assert (await timed.cache.get_or_load(page(), timed.source.load)).result is CacheResult.MISS


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


async def test_a_lookup_cancelled_while_the_store_is_asked_is_observed_once(timed: Bench) -> None:
    """A client that leaves early still counts as one lookup, and as no miss."""
    asked = asyncio.Event()

    async def never(_keys: object) -> StoreReading:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    timed.cache._finder.read = never
    caller = asyncio.ensure_future(timed.cache.get_or_load(page(), timed.source.load))
    await asked.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    assert timed.results() == ["bypass"]
