"""A lease on the generations lets many callers be answered, and one renew it."""

from __future__ import annotations

import pytest

from monitor.cache.admission import AlwaysAdmitted
from monitor.cache.cache_observer import CacheLayer, CacheResult
from monitor.cache.entry import Entry
from monitor.cache.keys import make_key
from monitor.cache.near_cache import LEASE_S, NearCache
from monitor.cache.near_hits import FirstLook, NearHits
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.rollout import Rollout
from monitor.errors import CrossTenantAccess
from monitor.tenancy.identity import TenantId
from monitor.testing.fakes import ManualClock, RecordingObserver

KEY = make_key(1, "notes", "list")
EPOCH = 3


class CountedAdmission(AlwaysAdmitted):
    """Admits to an epoch that a test decides, and counts how often it is asked."""

    epoch: int | None = EPOCH
    asked = 0

    def admits(self, tenant: int, domain: str) -> int | None:  # noqa: ARG002 - the contract's names
        self.asked += 1
        return self.epoch


class Near:
    """A near cache that holds one entry under a lease that begins now."""

    def __init__(self, mode: NearMode = NearMode.LEASED, ttl_s: float = 60.0) -> None:
        self.clock = ManualClock()
        self.observer, self.admission = RecordingObserver(), CountedAdmission()
        self.rollout = Rollout(RecordingObserver())
        near: NearCache[object] = NearCache()
        self.hits = NearHits(
            near,
            {"notes": CachePolicy("notes", ttl_s=60, near=mode)},
            admission=self.admission,
            rollout=self.rollout,
            observer=self.observer,
            clock=self.clock,
        )
        entry = Entry(b"value", self.clock.time(), self.clock.time() + ttl_s, 0.0)
        near.put(KEY, entry, b"stamp", EPOCH, self.clock.monotonic())

    def look(self) -> FirstLook[object]:
        return self.hits.look(KEY, self.clock.monotonic())

    def serves(self) -> bool:
        return self.look().hit is not None


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
    near = Near()
    near.admission.epoch = EPOCH + 1

    assert not near.serves()


def test_one_caller_takes_the_turn() -> None:
    """In the second half the first caller goes to the store; all others are served."""
    near = Near()
    near.clock.advance(LEASE_S * 0.6)

    assert [near.serves() for _ in range(4)] == [False, True, True, True]


@pytest.mark.parametrize("mode", [NearMode.LEASED, NearMode.VALIDATED])
def test_what_cannot_be_served_yet_is_handed_on(mode: NearMode) -> None:
    """The lookup that goes to the store is given epoch and entry, and asks for neither again."""
    near = Near(mode)
    near.clock.advance(LEASE_S)
    look = near.look()

    assert (look.epoch, look.hit) == (EPOCH, None)
    assert look.held is not None
    assert near.admission.asked == 1


def test_what_is_not_kept_in_the_process_has_an_epoch_alone() -> None:
    """A domain without a near cache is admitted like every other."""
    assert Near(NearMode.OFF).look() == (EPOCH, None, None)


def test_who_is_not_admitted_passes_the_cache_by() -> None:
    """Without an epoch nothing may be served, whatever is held."""
    near = Near()
    near.admission.epoch = None

    assert near.look() == (None, None, None)


def test_the_switch_is_asked_before_the_admission() -> None:
    """Traffic that is switched off costs no question."""
    near = Near()
    near.rollout.off()

    assert near.look() == (None, None, None)
    assert near.admission.asked == 0


def test_a_hit_at_hand_is_counted_once() -> None:
    """Who answers from the first look alone has told it; a look that is no hit tells nothing."""
    near = Near()
    assert near.hits.at_hand(KEY.tenant, KEY).hit is not None
    near.clock.advance(LEASE_S)
    assert near.hits.at_hand(KEY.tenant, KEY).hit is None

    assert [told[:4] for told in near.observer.of("looked_up")] == [
        (1, "notes", CacheResult.HIT, CacheLayer.NEAR)
    ]


def test_another_tenants_key_is_refused() -> None:
    """The key must be of who asks, even where it is not held."""
    with pytest.raises(CrossTenantAccess):
        Near().hits.at_hand(TenantId(2), KEY)
