"""The last minutes, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry

from monitor.console.history import History, course
from monitor.metrics.catalogue import Outcome
from monitor.metrics.measurements import Measurements
from monitor.testing.fakes import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def measurements(clock: ManualClock) -> Iterator[Measurements]:
    measurements = Measurements(CollectorRegistry(), clock, domains=("contacts", "settings"))
    measurements.windows.tick()
    yield measurements
    measurements.close()


def serve(
    measurements: Measurements, count: int, seconds: float = 0.02, route: str = "/a", tenant: int = 1
) -> None:
    for _ in range(count):
        measurements.http.begin("GET")
        measurements.http.end("GET", route, 200, None, Outcome.SUCCESS, tenant, seconds, None)


def step(measurements: Measurements, clock: ManualClock) -> None:
    clock.advance(30)
    measurements.windows.tick()


def test_each_snapshot_ends_a_point(measurements: Measurements, clock: ManualClock) -> None:
    """Requests, lookups and time between two snapshots make a point; a later call adds to them."""
    history = History(measurements.windows, clock, probes={"/probe"})
    serve(measurements, 6)
    serve(measurements, 50, route="/probe")
    for tenant in (1, 2):
        measurements.cache.looked_up(tenant, "contacts", "hit", "near", 0.001)
        measurements.cache.looked_up(tenant, "contacts", "bypass", "store", 0.001)
    measurements.cache.looked_up(1, "settings", "miss", "store", 0.001)
    step(measurements, clock)
    [first] = history.points()
    assert (first.requests.count, first.per_second, first.seconds) == (6, 0.2, 30)
    assert (first.domains["contacts"].total, first.domains["contacts"].hits) == (2, 2)
    assert first.lookups.hit_ratio == pytest.approx(2 / 3)
    assert 0.01 < (first.quantile_s(0.5) or 0) <= 0.025
    serve(measurements, 3)
    step(measurements, clock)
    assert [point.requests.count for point in history.points()] == [6, 3]
    assert history.points()[0] is first


def test_nobody_watched_for_long(measurements: Measurements, clock: ManualClock) -> None:
    """A hole that no snapshot covers is not drawn over: the points begin anew."""
    history = History(measurements.windows, clock)
    step(measurements, clock)
    assert len(history.points()) == 1
    for _ in range(40):
        step(measurements, clock)
    points = history.points()
    assert all(later.at - earlier.at == 30 for earlier, later in pairwise(points))
    assert points[-1].at == clock.monotonic()


def test_the_current_point_is_what_the_short_window_shows(
    measurements: Measurements, clock: ManualClock
) -> None:
    """What is not over yet is shown too."""
    history = History(measurements.windows, clock)
    serve(measurements, 4)
    clock.advance(8)
    point = history.current(measurements.windows.over(0))
    assert (point.requests.count, point.seconds, point.per_second) == (4, 8, 0.5)


def test_a_tenants_own_course(measurements: Measurements, clock: ManualClock) -> None:
    """Only its own requests, failures and lookups; before it was known there was nothing."""
    serve(measurements, 2, tenant=7)
    step(measurements, clock)
    serve(measurements, 4)
    measurements.http.begin("GET")
    measurements.http.end("GET", "/a", 500, "X", Outcome.SERVER_ERROR, 1, 0.02, None)
    measurements.cache.looked_up(1, "contacts", "hit", "near", 0.001)
    step(measurements, clock)
    first, second = course(measurements.windows, "1")
    assert (first.requests.count, first.lookups.total) == (0, 0)
    assert (second.requests.count, second.requests.failed, second.lookups.total) == (5, 1, 1)
    assert [point.requests.count for point in course(measurements.windows, "7")] == [2, 0]
    assert [point.requests.count for point in course(measurements.windows, "99")] == [0, 0]


def test_few_requests_have_no_percentile(measurements: Measurements, clock: ManualClock) -> None:
    """A percentile of a handful of requests says nothing."""
    history = History(measurements.windows, clock)
    serve(measurements, 4)
    step(measurements, clock)
    assert history.points()[0].quantile_s(0.99) is None
