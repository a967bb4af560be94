"""The beginning of an issue is found in what the service remembers anyway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from monitor.console.history import History
from monitor.console.onsets import Onset, onsets
from monitor.metrics.catalogue import Outcome
from monitor.metrics.measurements import Measurements
from monitor.metrics.service_levels import Issue
from monitor.objectives import Objectives
from monitor.testing.fakes import ManualClock

OBJECTIVES = Objectives()
ROUTE = ("GET", "/a")


class Past:
    """What a service went through, half a minute a step."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.measurements = Measurements(CollectorRegistry(), self.clock, domains=("contacts",))
        self.measurements.windows.tick()

    def step(self, seconds: float, tenant: int = 1, route: str = "/a", steps: int = 1) -> None:
        """Serve a hundred requests of one tenant, each step."""
        for _ in range(steps):
            for _ in range(100):
                self.measurements.http.begin("GET")
                self.measurements.http.end("GET", route, 200, None, Outcome.SUCCESS, tenant, seconds, None)
            self.clock.advance(30)
            self.measurements.windows.tick()

    def onset(self, issue: Issue) -> Onset | None:
        history = History(self.measurements.windows, self.clock)
        return onsets([issue], history.points(), self.measurements.windows).get(issue)


@pytest.fixture
def past() -> Iterator[Past]:
    past = Past()
    yield past
    past.measurements.close()


@pytest.mark.parametrize("of", [{}, {"tenant": "1"}, {"route": ROUTE}], ids=["service", "tenant", "route"])
def test_since_the_value_crossed_its_bound(past: Past, of: dict[str, Any]) -> None:
    """The value over its window is what is broken, so that is what begins."""
    past.step(0.01, steps=3)
    began = past.clock.monotonic() + 30
    past.step(0.9, steps=4)

    assert Onset(began, at_least=False) == past.onset(Issue(OBJECTIVES.latency_mean, 0.9, **of))


def test_only_the_last_time_counts(past: Past) -> None:
    """What was whole in between began anew."""
    past.step(5.0)
    past.step(0.001, steps=12)
    began = past.clock.monotonic() + 30
    past.step(5.0)

    assert Onset(began, at_least=False) == past.onset(Issue(OBJECTIVES.latency_mean, 5.0))


def test_what_was_broken_all_along_may_be_older(past: Past) -> None:
    """The memory has a beginning; the trouble may lie before it."""
    first = past.clock.monotonic() + 30
    past.step(0.9, steps=3)

    assert Onset(first, at_least=True) == past.onset(Issue(OBJECTIVES.latency_mean, 0.9))


def test_what_has_just_begun_has_no_beginning_yet(past: Past) -> None:
    """An issue that no finished step shows is dated by none, nor is that of another tenant."""
    past.step(0.001, steps=3)

    assert past.onset(Issue(OBJECTIVES.latency_mean, 0.9)) is None
    assert past.onset(Issue(OBJECTIVES.latency_mean, 0.9, tenant="99")) is None
