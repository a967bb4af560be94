"""The sampler: it counts what differs from the truth, and no write that is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator

import pytest
from structlog.testing import capture_logs

from monitor.cache.cache_observer import CacheObserver
from monitor.cache.lookup import Loaded
from monitor.cache.memory_store import MemoryStore
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.sampler import ConsistencySampler
from monitor.tenancy.context import bind
from monitor.testing.fakes import ManualClock, RecordingObserver
from tests.conditions import until
from tests.monitor.cache.conftest import Bench, make_bench, page, scope

POLICY = CachePolicy("contacts", 300.0, jitter=0.0, near=NearMode.OFF)


@pytest.fixture(autouse=True)
def _bound() -> Iterator[None]:
    with bind(1):
        yield


def sampled_bench(
    clock: ManualClock, share: float = 1.0, draw: float = 0.0, exempt: Collection[str] = ()
) -> Bench:
    observer = RecordingObserver()
    told: CacheObserver = observer
    sampler = ConsistencySampler(share, told, clock, settle_s=5.0, exempt=exempt, draw=lambda: draw)
    return make_bench(MemoryStore(clock), clock, policy=POLICY, observer=observer, sampler=sampler)


async def compared(bench: Bench, clock: ManualClock, count: int = 1) -> list[bool]:
    """Return the outcomes of `count` comparisons, moving the clock past the doubts."""

    def done() -> bool:
        if clock.sleepers:
            clock.advance(5.0)
        return len(bench.observer.of("sampled")) >= count

    await until(done)
    return [call[2] for call in bench.observer.of("sampled")]


async def test_an_answer_that_equals_the_truth_is_consistent(clock: ManualClock) -> None:
    """A compared hit costs one load and is counted."""
    bench = sampled_bench(clock)
    await bench.cache.get_or_load(page(), bench.source.load)
    await bench.cache.get_or_load(page(), bench.source.load)

    assert await compared(bench, clock) == [True]
    assert bench.source.loads == 2


async def test_a_truth_that_changed_without_an_invalidation_is_counted(clock: ManualClock) -> None:
    """A write that went past the unit of work shows as an inconsistency, with a log line and no key."""
    bench = sampled_bench(clock)
    await bench.cache.get_or_load(page(), bench.source.load)
    bench.source.value = b"changed behind the cache's back"
    with capture_logs() as lines:
        await bench.cache.get_or_load(page(), bench.source.load)
        assert await compared(bench, clock) == [False]

    assert [(line["event"], line["domain"], line["tenant"]) for line in lines] == [
        ("cache_inconsistent", "contacts", 1)
    ]
    assert "page" not in str(lines)


async def test_a_write_under_way_is_no_inconsistency(clock: ManualClock) -> None:
    """Between its commit and its refresh the row is newer than the entry, rightly."""
    bench = sampled_bench(clock)
    await bench.cache.get_or_load(page(), bench.source.load)
    bench.source.value = b"committed"
    await bench.cache.get_or_load(page(), bench.source.load)
    await until(lambda: clock.sleepers == 1)
    await bench.cache.refresh([scope()])

    assert await compared(bench, clock) == [True]


async def test_only_a_share_is_compared(clock: ManualClock) -> None:
    """A hit that is not drawn costs no load."""
    bench = sampled_bench(clock, share=0.1, draw=0.5)
    for _ in range(5):
        await bench.cache.get_or_load(page(), bench.source.load)

    assert bench.source.loads == 1


async def test_what_is_refreshed_by_time_alone_is_not_compared(clock: ManualClock) -> None:
    """Its entries may differ from the truth, so a comparison would cost a load and say nothing."""
    bench = sampled_bench(clock, exempt=["contacts"])
    for _ in range(3):
        await bench.cache.get_or_load(page(), bench.source.load)

    assert (bench.source.loads, bench.observer.of("sampled")) == (1, [])


async def test_comparisons_do_not_pile_up(clock: ManualClock) -> None:
    """While as many as allowed are under way, no further hit is drawn."""
    bench = sampled_bench(clock)
    await bench.cache.get_or_load(page(), bench.source.load)
    gate = asyncio.Event()

    async def slow() -> Loaded:
        await gate.wait()
        return await bench.source.load()

    for _ in range(20):
        await bench.cache.get_or_load(page(), slow)
    gate.set()

    assert await compared(bench, clock, 4) == [True] * 4


async def test_a_load_that_fails_says_nothing(clock: ManualClock) -> None:
    """A failed comparison is neither consistent nor inconsistent."""
    bench = sampled_bench(clock)
    await bench.cache.get_or_load(page(), bench.source.load)
    bench.source.failure = ValueError()
    with capture_logs() as lines:
        await bench.cache.get_or_load(page(), bench.source.load)
        await until(lambda: bool(lines))

    assert bench.observer.of("sampled") == []
    assert lines[0]["event"] == "cache_sample_failed"


async def test_closing_ends_what_is_under_way(clock: ManualClock) -> None:
    """Shutdown waits for no doubt, and for the load that runs: nobody is left behind."""
    bench = sampled_bench(clock)
    await bench.cache.get_or_load(page(), bench.source.load)
    bench.source.value = b"other"
    await bench.cache.get_or_load(page(), bench.source.load)
    await until(lambda: clock.sleepers == 1)
    await bench.cache.aclose()

    assert bench.observer.of("sampled") == []


async def test_closing_waits_for_a_load_that_runs(clock: ManualClock) -> None:
    """A load that is cut short could hold a connection that is closed under it; it begins no doubt then."""
    bench = sampled_bench(clock)
    await bench.cache.get_or_load(page(), bench.source.load)
    gate, ended = asyncio.Event(), asyncio.Event()

    async def slow() -> Loaded:
        await gate.wait()
        ended.set()
        return Loaded(b"other")

    await bench.cache.get_or_load(page(), slow)
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(bench.cache.aclose())
    await asyncio.sleep(0)
    assert not closing.done()
    gate.set()
    await closing

    assert ended.is_set()
    assert bench.observer.of("sampled") == []
