"""When entries end."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cache.entry import Entry
from monitor.cache.expiry import Expiry
from monitor.cache.policy import CachePolicy

POLICY = CachePolicy("contacts", 300.0, jitter=0.1, negative_ttl_s=10.0)
DAILY = CachePolicy("analytics", 900.0, jitter=0.0, refresh_daily=True)
WHOLE_DAY = CachePolicy("analytics", 10 * 86_400.0, jitter=0.0, refresh_daily=True)


@given(st.floats(0, 1, exclude_max=True))
def test_jitter_draws_a_share_away(drawn: float) -> None:
    """A TTL lies between its bound and the jitter's share below it."""
    ttl = Expiry(draw=lambda: drawn).ttl_s(POLICY, 1, 0.0)

    assert 270.0 <= ttl <= 300.0


def test_absences_are_remembered_for_less() -> None:
    """A negative answer has a TTL of its own."""
    assert Expiry(draw=lambda: 0.0).ttl_s(POLICY, 1, 0.0, negative=True) == 10.0


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Auckland"])
def test_a_daily_entry_ends_at_the_clinics_midnight(zone: str) -> None:
    """An entry loaded shortly before midnight in the clinic's zone ends at midnight."""
    local = dt.datetime(2025, 6, 17, 23, 55, tzinfo=ZoneInfo(zone))

    ttl = Expiry(zone=lambda _: ZoneInfo(zone)).ttl_s(DAILY, 1, local.timestamp())

    assert ttl == 300.0


def test_a_daily_entry_keeps_its_ttl_far_from_midnight() -> None:
    """Midnight shortens a life and never lengthens it."""
    noon = dt.datetime(2025, 6, 17, 12, tzinfo=dt.UTC)

    assert Expiry().ttl_s(DAILY, 1, noon.timestamp()) == 900.0


@pytest.mark.parametrize(("day", "hours"), [((2025, 3, 30), 23), ((2025, 10, 26), 25)])
def test_midnight_is_right_on_days_that_are_not_24_hours_long(day: tuple[int, int, int], hours: int) -> None:
    """Summer time changes the length of a day, and the entry with it."""
    zone = ZoneInfo("Europe/Berlin")
    midnight = dt.datetime(*day, tzinfo=zone)

    assert Expiry(zone=lambda _: zone).ttl_s(WHOLE_DAY, 1, midnight.timestamp()) == hours * 3_600


def early(left: float, load_s: float, drawn: float, beta: float = 1.0) -> bool:
    """Say whether a hit with `left` seconds to live refreshes early."""
    policy = CachePolicy("contacts", 300.0, early_refresh=beta)
    return Expiry(draw=lambda: drawn).refresh_is_early(policy, Entry(b"", 0.0, left, load_s), 0.0)


def test_an_early_refresh_is_likelier_near_the_end_and_for_dear_loads() -> None:
    """XFetch compares the time left with the load's duration times an exponential draw."""
    assert early(left=0.5, load_s=1.0, drawn=0.5)
    assert not early(left=0.8, load_s=1.0, drawn=0.5)
    assert early(left=0.8, load_s=2.0, drawn=0.5)


def test_far_from_its_end_no_entry_is_refreshed() -> None:
    """Beyond reach no draw is made."""
    assert not early(left=300.0, load_s=1.0, drawn=0.999999999)


def test_early_refresh_can_be_turned_off() -> None:
    """Beta 0 never refreshes early."""
    assert not early(left=0.001, load_s=5.0, drawn=0.999, beta=0.0)
