"""The memory store: bounded in bytes, expiring by the clock it is given."""

from __future__ import annotations

from monitor.cache.memory_store import MemoryStore
from monitor.testing.fakes import ManualClock


async def test_values_end_by_the_clock(clock: ManualClock) -> None:
    """A value is there until its time to live has passed, and its bytes are freed then."""
    store = MemoryStore(clock)
    await store.write("k", b"v", 10.0)
    clock.advance(9.9)
    assert list((await store.read(("k",))).values) == [b"v"]
    clock.advance(0.1)
    assert list((await store.read(("k",))).values) == [None]
    assert store.size == 0


async def test_an_expired_value_counts_as_absent(clock: ManualClock) -> None:
    """What has expired does not keep a new value out."""
    store = MemoryStore(clock)
    await store.write("k", b"old", 10.0)
    clock.advance(10.0)

    assert dict(await store.write_if_absent({"k": b"new"}, 10.0)) == {"k": b"new"}


async def test_its_bytes_stay_bounded(clock: ManualClock) -> None:
    """The least recently written values go first."""
    store = MemoryStore(clock, max_bytes=100_000)
    for number in range(1_000):
        await store.write(f"k{number}", b"x" * 1_000, 60.0)
        assert store.size <= 100_000

    assert len(store) == 83
    assert list((await store.read(("k0", "k999"))).values) == [None, b"x" * 1_000]


async def test_two_stores_are_two_incarnations(clock: ManualClock) -> None:
    """A process that starts anew has lost its store, and says so."""
    assert await MemoryStore(clock).ping() != await MemoryStore(clock).ping()


async def test_closing_empties_it(clock: ManualClock) -> None:
    """Nothing is held after the end."""
    store = MemoryStore(clock)
    await store.write("k", b"v", 60.0)
    await store.aclose()

    assert (len(store), store.size) == (0, 0)
