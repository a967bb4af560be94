"""The near cache: bounded in bytes, good only under a recent sighting of its own generations."""

from __future__ import annotations

from monitor.cache.entry import Entry
from monitor.cache.near_cache import NearCache
from tests.monitor.cache.conftest import detail, page, scope

STAMP, OTHER = b"1" * 56, b"2" * 56


def entry(size: int = 10) -> Entry:
    return Entry(b"x" * size, 0.0, 1e12, 0.0)


def test_it_holds_what_was_put() -> None:
    """The entry comes back with the stamp it was opened under."""
    near: NearCache[object] = NearCache()
    near.put(page(), entry(), STAMP, 1, 0.0)

    held = near.get(page())
    assert held is not None
    assert (held.entry, held.stamp) == (entry(), STAMP)
    assert near.get(page(2)) is None


def test_its_bytes_stay_bounded() -> None:
    """However much is put, the bound holds, and the newest entry is there."""
    near: NearCache[object] = NearCache(max_bytes=50_000)
    for number in range(1_000):
        near.put(page(number), entry(1_000), STAMP, 1, 0.0)
        assert near.size <= 50_000
    assert near.get(page(999)) is not None
    assert near.get(page(0)) is None


def test_an_entry_that_is_asked_for_is_spared() -> None:
    """Second chance: what was used since it was stored outlives what was not."""
    near: NearCache[object] = NearCache(max_bytes=20_000)
    near.put(page(0), entry(1_000), STAMP, 1, 0.0)
    for number in range(1, 100):
        near.put(page(number), entry(1_000), STAMP, 1, 0.0)
        assert near.get(page(0)) is not None


def test_an_entry_larger_than_the_bound_is_not_held() -> None:
    """One huge answer does not break the bound."""
    near: NearCache[object] = NearCache(max_bytes=10_000)
    near.put(page(), entry(20_000), STAMP, 1, 0.0)

    assert (near.size, len(near)) == (0, 0)


def test_replacing_dropping_and_clearing_account_for_their_bytes() -> None:
    """The size is that of what is held."""
    sizes: list[tuple[int, int]] = []
    near: NearCache[object] = NearCache(sized=lambda entries, size: sizes.append((entries, size)))
    near.put(page(), entry(100), STAMP, 1, 0.0)
    one = near.size
    near.put(page(), entry(100), STAMP, 1, 0.0)
    assert near.size == one
    near.put(page(2), entry(100), STAMP, 1, 0.0)
    near.drop(page(2))
    assert near.size == one
    near.clear()
    assert sizes[-1] == (0, 0)


def test_a_lease_counts_from_when_the_read_was_sent() -> None:
    """A sighting vouches for the lease and no longer."""
    near: NearCache[object] = NearCache(lease_s=0.25)
    near.put(page(), entry(), STAMP, 1, sent_at=10.0)

    assert near.leased(page(), 1, 10.2) is not None
    assert near.leased(page(), 1, 10.25) is None


def test_a_later_sighting_renews_every_entry_of_the_scope() -> None:
    """One read of the generations vouches for all lists of the domain, and for no detail."""
    near: NearCache[object] = NearCache(lease_s=0.03)
    near.put(page(1), entry(), STAMP, 1, sent_at=10.0)
    near.put(page(2), entry(), STAMP, 1, sent_at=10.0)
    near.put(detail(), entry(), STAMP, 1, sent_at=10.0)

    near.sight(page(1), STAMP, sent_at=11.0)

    assert near.leased(page(2), 1, 11.01) is not None
    assert near.leased(detail(), 1, 11.01) is None


def test_a_sighting_of_other_generations_ends_the_lease() -> None:
    """Entries of replaced generations are not served."""
    near: NearCache[object] = NearCache()
    near.put(page(), entry(), STAMP, 1, sent_at=10.0)

    near.sight(page(), OTHER, sent_at=10.001)

    assert near.leased(page(), 1, 10.002) is None


def test_an_older_sighting_that_arrives_late_changes_nothing() -> None:
    """Sightings are ordered by when they were sent, not by when they arrived."""
    near: NearCache[object] = NearCache()
    near.put(page(), entry(), STAMP, 1, sent_at=10.0)

    near.sight(page(), OTHER, sent_at=9.0)

    assert near.leased(page(), 1, 10.01) is not None


def test_another_epoch_ends_the_lease() -> None:
    """Nothing of the epoch before is served."""
    near: NearCache[object] = NearCache()
    near.put(page(), entry(), STAMP, 1, sent_at=10.0)

    assert near.leased(page(), 2, 10.0) is None


def test_a_write_of_this_worker_ends_the_lease_of_what_it_changed() -> None:
    """Lists and the entity are forgotten, other entities are not."""
    near: NearCache[object] = NearCache()
    for key in (page(), detail("7"), detail("8")):
        near.put(key, entry(), STAMP, 1, sent_at=10.0)

    near.forget(scope(entity="7"))

    assert [near.leased(key, 1, 10.0) is None for key in (page(), detail("7"), detail("8"))] == [
        True,
        True,
        False,
    ]
