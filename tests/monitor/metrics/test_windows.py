"""Windows over the columns: differences, percentiles and how far off they can be."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.metrics.catalogue import HTTP_BUCKETS, HTTP_DURATION, TENANT_DURATION, Outcome
from monitor.metrics.measurements import Measurements
from monitor.metrics.windows import Percentile, histogram_rows, percentile, summed
from monitor.testing.fakes import ManualClock


def serve(measurements: Measurements, seconds: float, tenant: int = 1) -> None:
    measurements.http.begin("GET")
    measurements.http.end("GET", "/api/contacts", 200, None, Outcome.SUCCESS, tenant, seconds)


def requests(measurements: Measurements, seconds: float) -> tuple[int, float]:
    window = measurements.windows.over(seconds)
    rows = list(histogram_rows(window.reading[HTTP_DURATION.name]))
    return sum(sum(counts) for _, counts, _ in rows), window.seconds


def test_a_window_forgets_what_came_before_it(measurements: Measurements, clock: ManualClock) -> None:
    """Only what was counted since the snapshot at the window's start is in it."""
    measurements.windows.tick()
    serve(measurements, 0.01)
    assert requests(measurements, 60) == (1, 0)
    for _ in range(4):
        clock.advance(30)
        measurements.windows.tick()
    serve(measurements, 0.01)
    clock.advance(10)
    assert requests(measurements, 60) == (1, 70)
    assert requests(measurements, 600) == (2, 130)


def test_totals_stay_beside_the_window(measurements: Measurements, clock: ManualClock) -> None:
    """The counts since the beginning are those that a scrape shows."""
    serve(measurements, 0.01)
    measurements.windows.tick()
    clock.advance(60)
    serve(measurements, 0.01)
    totals = measurements.windows.over(30).totals[HTTP_DURATION.name]
    assert sum(totals.counts) == 2


def test_steps_part_the_time_between_snapshots(measurements: Measurements, clock: ManualClock) -> None:
    """Each step holds what was counted from one snapshot to the next; a later call leaves out the known."""
    measurements.windows.tick()
    for count in (2, 3):
        for _ in range(count):
            serve(measurements, 0.01)
        clock.advance(30)
        measurements.windows.tick()
    steps = list(measurements.windows.steps(0.0, [HTTP_DURATION]))
    assert [(step.seconds, sum(step.reading[HTTP_DURATION.name].counts)) for step in steps] == [
        (30, 2),
        (30, 3),
    ]
    assert set(steps[0].reading) == {HTTP_DURATION.name}
    assert list(measurements.windows.steps(steps[-1].ended)) == []


def test_windows_of_one_reading_end_together(measurements: Measurements, clock: ManualClock) -> None:
    """Several lengths are asked for at once, and the counts as they stand are beside each."""
    measurements.windows.tick()
    serve(measurements, 0.01)
    clock.advance(30)
    measurements.windows.tick()
    serve(measurements, 0.01)
    long, short = measurements.windows.over_each(30, 0)
    assert (long.seconds, short.seconds) == (30, 0)
    assert [sum(each.reading[HTTP_DURATION.name].counts) for each in (long, short)] == [2, 1]
    assert long.totals is short.totals
    assert "monitor_workers" in long.totals


def test_a_tenant_that_began_anew_is_counted_from_nothing(
    measurements: Measurements, clock: ManualClock
) -> None:
    """A count that shrank is not subtracted, as Prometheus treats a reset."""
    for _ in range(5):
        serve(measurements, 0.01)
    measurements.idle.sweep()
    measurements.windows.tick()
    clock.advance(61)
    assert measurements.idle.sweep() == 1
    serve(measurements, 0.01)
    window = measurements.windows.over(30).reading[TENANT_DURATION.name]
    counted = {labels: sum(counts) for labels, counts, _ in histogram_rows(window)}
    assert counted[("1",)] == 1


def test_nothing_has_no_percentile() -> None:
    """An empty histogram says so rather than 0."""
    assert percentile((0.1,), (0, 0), 0.5) is None


def test_over_the_last_bound_a_percentile_is_only_a_lower_bound() -> None:
    """What lies in +Inf is given as the last bound, its error as unknown."""
    assert percentile((0.1, 1.0), (0, 0, 3), 0.5) == Percentile(1.0, None)


def test_a_percentile_is_interpolated_within_its_bucket() -> None:
    """As Prometheus' histogram_quantile does."""
    found = percentile((0.1, 0.2), (10, 10, 0), 0.75)
    assert found is not None
    assert found.value == pytest.approx(0.15)
    assert found.error == pytest.approx(0.1)


@settings(deadline=None)
@given(
    st.lists(st.floats(0.0001, 9.9), min_size=1, max_size=300),
    st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99, 1.0]),
)
def test_a_percentile_is_within_its_bound_of_the_exact_one(values: list[float], share: float) -> None:
    """The exact quantile (nearest rank) is never further off than the stated error."""
    counts = [0] * (len(HTTP_BUCKETS) + 1)
    for value in values:
        counts[sum(value > bound for bound in HTTP_BUCKETS)] += 1
    exact = sorted(values)[math.ceil(share * len(values)) - 1]
    found = percentile(HTTP_BUCKETS, counts, share)
    assert found is not None
    assert found.error is not None
    assert abs(found.value - exact) <= found.error + 1e-9


def test_histograms_add_up_bucket_by_bucket() -> None:
    """Nothing adds up to nothing."""
    assert summed([[1, 2, 3], [4, 0, 1]], 3) == [5, 2, 4]
    assert summed([], 2) == [0, 0]
