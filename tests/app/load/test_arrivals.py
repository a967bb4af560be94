"""Times at which requests are due."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.load.arrivals import WHENEVER, back_to_back, poisson


@given(st.floats(0.1, 5_000), st.floats(0.01, 20), st.integers(0, 500), st.integers())
def test_times_rise_and_stay_within_both_bounds(rate: float, seconds: float, most: int, seed: int) -> None:
    """No time lies past the end, none before its forerunner, and there are never more than asked for."""
    times = list(poisson(rate, seconds, most, Random(seed)))
    assert len(times) <= most
    assert times == sorted(times)
    assert all(0 <= due <= seconds for due in times)


def test_the_mean_rate_is_the_one_asked_for() -> None:
    """Over many requests the rate is met within a few per cent."""
    times = list(poisson(200.0, 100.0, 10**6, Random(7)))
    assert len(times) == pytest.approx(20_000, rel=0.03)


def test_the_same_seed_gives_the_same_times() -> None:
    """A run can be repeated."""
    assert list(poisson(50, 1, 100, Random(3))) == list(poisson(50, 1, 100, Random(3)))


def test_back_to_back_requests_have_no_time_of_their_own() -> None:
    """In a closed loop a request is due whenever a user is free."""
    assert list(back_to_back(3)) == [WHENEVER] * 3
