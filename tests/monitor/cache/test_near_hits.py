"""A lease on the generations lets many callers be answered, and one renew it."""

from __future__ import annotations

import pytest

from monitor.cache.entry import Entry
from monitor.cache.keys import make_key
from monitor.cache.near_cache import LEASE_S, NearCache
from monitor.cache.near_hits import NearHits
from monitor.cache.policy import CachePolicy, NearMode
from monitor.testing.fakes import ManualClock

KEY = make_key(1, "notes", "list")
EPOCH = 3


class Near:
    """A near cache that holds one entry under a lease that begins now."""

    def __init__(self, mode: NearMode = NearMode.LEASED, ttl_s: float = 60.0) -> None:
        self.clock = ManualClock()
        near = NearCache()
        self.hits = NearHits(near, {"notes": CachePolicy("notes", ttl_s=60, near=mode)}, self.clock)
        entry = Entry(b"value", self.clock.time(), self.clock.time() + ttl_s, 0.0)
        near.put(KEY, entry, b"stamp", EPOCH, self.clock.monotonic())

    def serves(self, epoch: int = EPOCH, *, renew: bool = False) -> bool:
        return self.hits.find(KEY, epoch, self.clock.monotonic(), renew=renew) is not None


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(NearMode.LEASED, True), (NearMode.BOUNDED, True), (NearMode.VALIDATED, False), (NearMode.OFF, False)],
)
def test_the_mode_decides(mode: NearMode, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Only leased and bounded domains are answered without a question."""
    assert Near(mode).serves() is expected


def test_the_lease_ends() -> None:
    """Once the lease has run out nothing is served, whoever asks."""
    near = Near()
    near.clock.advance(LEASE_S)

    assert not near.serves()


def test_an_expired_entry_is_not_served() -> None:
    """An entry's own end counts, lease or not."""
    near = Near(ttl_s=LEASE_S / 4)
    near.clock.advance(LEASE_S / 3)

    assert not near.serves()


def test_another_epoch_is_not_served() -> None:
    """What was stored under an older epoch is gone."""
    assert not Near().serves(EPOCH + 1)


def test_one_caller_takes_the_turn() -> None:
    """In the second half the first caller who may renew goes; all others are served."""
    near = Near()
    near.clock.advance(LEASE_S * 0.6)

    assert [near.serves(renew=True) for _ in range(4)] == [False, True, True, True]


def test_a_look_does_not_take_the_turn() -> None:
    """Who would not renew is sent on, and whoever comes next still finds the turn free."""
    near = Near()
    near.clock.advance(LEASE_S * 0.6)

    assert [near.serves(), near.serves(renew=True), near.serves()] == [False, False, True]
