"""The switch: at once, by share, by domain and clinic, alike in every worker."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from monitor.cache.rollout import Rollout
from monitor.errors import ConfigurationError
from monitor.testing.fakes import RecordingObserver
from tests.monitor.cache.conftest import page


def allowed(rollout: Rollout, tenant: int = 1, domain: str = "contacts") -> float:
    """Return the share of 2,000 keys that are let through."""
    return sum(rollout.allows(page(number, tenant, domain)) for number in range(2_000)) / 2_000


def test_it_is_on_until_it_is_switched_off() -> None:
    """Off means no key at all, on means every key."""
    rollout = Rollout(RecordingObserver())
    assert allowed(rollout) == 1
    rollout.off()
    assert allowed(rollout) == 0
    rollout.on()
    assert allowed(rollout) == 1


def test_a_share_lets_about_that_share_through() -> None:
    """The share counts keys by their hash."""
    rollout = Rollout(RecordingObserver(), share=0.25)

    assert 0.2 < allowed(rollout) < 0.3


def test_the_same_keys_are_let_through_in_every_worker_and_by_every_larger_share() -> None:
    """A key that is in at a share stays in when the share grows."""
    small, same, large = (Rollout(RecordingObserver(), share=share) for share in (0.3, 0.3, 0.6))
    keys = [page(number) for number in range(500)]

    assert [small.allows(key) for key in keys] == [same.allows(key) for key in keys]
    assert all(large.allows(key) for key in keys if small.allows(key))


def test_domains_and_clinics_have_shares_of_their_own() -> None:
    """The least of the shares counts."""
    rollout = Rollout(RecordingObserver())
    rollout.set(0.0, domain="appointments")
    rollout.set(0.0, tenant=2)

    assert allowed(rollout) == 1
    assert allowed(rollout, domain="appointments") == 0
    assert allowed(rollout, tenant=2) == 0
    rollout.set(1.0, tenant=2)
    assert allowed(rollout, tenant=2) == 1


def test_what_every_worker_keeps_replaces_the_workers_own_share() -> None:
    """Scope by scope, in both directions, and is given back when it is taken away."""
    rollout = Rollout(RecordingObserver(), share=0.5)
    rollout.set(0.1, domain="appointments")
    rollout.follow({(None, None): 1.0, (2, None): 0.25, (3, "contacts"): 0.125})

    assert rollout.share(1, "contacts") == 1
    assert rollout.share(1, "appointments") == 0.1
    assert rollout.share(2, "contacts") == 0.25
    assert (rollout.share(3, "contacts"), rollout.share(3, "settings")) == (0.125, 1)

    rollout.follow({})
    assert (rollout.share(1, "contacts"), rollout.share(2, "appointments")) == (0.5, 0.1)


def test_following_is_told_once() -> None:
    """Each poll brings the shares; only a change is logged and counted, and a clinic's moves no domain."""
    observer = RecordingObserver()
    with capture_logs() as lines:
        rollout = Rollout(observer)
        for _ in range(3):
            rollout.follow({(None, "contacts"): 0.25, (7, None): 0.0})
        rollout.follow({})

    assert [(line["domain"], line["tenant"], line["share"]) for line in lines] == [
        ("*", 7, 0.0),
        ("contacts", None, 0.25),
        ("*", 7, 1.0),
        ("contacts", None, 1.0),
    ]
    assert observer.of("switched") == [
        ("*", True),
        ("*", True),
        ("contacts", True),
        ("*", True),
        ("contacts", True),
    ]


def test_every_change_is_observed_and_logged() -> None:
    """Who looks later sees when the switch was turned, for what, and to what share."""
    observer = RecordingObserver()
    with capture_logs() as lines:
        rollout = Rollout(observer)
        rollout.set(0.5, domain="contacts")
        rollout.off()

    assert observer.of("switched") == [("*", True), ("contacts", True), ("*", False)]
    assert [(line["event"], line["domain"], line["share"]) for line in lines] == [
        ("cache_switched", "contacts", 0.5),
        ("cache_switched", "*", 0.0),
    ]


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_lies_between_nothing_and_all(share: float) -> None:
    """Other numbers are refused and change nothing."""
    rollout = Rollout(RecordingObserver())
    with pytest.raises(ConfigurationError):
        rollout.set(share)

    assert allowed(rollout) == 1
