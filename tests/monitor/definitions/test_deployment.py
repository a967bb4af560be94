"""Times in definitions: written as Prometheus reads them, at the deployment's pace."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.definitions.deployment import Deployment, duration

_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (15, "15s"), (300, "5m"), (450, "7m30s"), (5_400, "1h30m"), (259_200, "3d")],
)
def test_a_duration_as_prometheus_writes_it(seconds: float, text: str) -> None:
    """Units from days to milliseconds, none that is zero."""
    assert duration(seconds) == text


@given(st.integers(min_value=1, max_value=10**10))
def test_a_duration_loses_nothing(milliseconds: int) -> None:
    """Read back, it is the same time to the millisecond."""
    parts = re.findall(r"(\d+)(ms|[dhms])", duration(milliseconds / 1_000))

    assert sum(int(count) * _UNITS[unit] for count, unit in parts) == milliseconds


def test_no_window_is_shorter_than_the_floor() -> None:
    """A fast deployment keeps room for two scrapes in every window, and no time stays none."""
    fast = Deployment(pace=1 / 60, floor_s=1.0)

    assert [fast.span(seconds) for seconds in (3_600.0, 15.0, 0.0)] == ["1m", "1s", "0s"]
    assert fast.per_window(15.0) == 1.0
