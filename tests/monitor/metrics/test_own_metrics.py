"""A service's own metrics are counted and exposed as the kit's are, and held to the same rules."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from monitor.errors import ConfigurationError
from monitor.metrics.catalogue import CATALOGUE, Kind, Metric
from monitor.metrics.measurements import Measurements
from monitor.metrics.own_metrics import with_own
from monitor.metrics.windows import counter_rows
from monitor.testing.fakes import ManualClock

LETTERS = Metric("letters_sent_total", Kind.COUNTER, ("channel",), "", "Letters sent.", rows=4)
SOLD = Metric("rooms_sold_total", Kind.COUNTER, ("tenant", "outcome"), "", "Rooms sold.")
STAY = Metric("stay_seconds", Kind.HISTOGRAM, ("tenant",), "seconds", "Length of stays.", (60.0, 3_600.0))


def test_a_metric_by_tenant_is_counted_within_the_budget() -> None:
    """Each tenant of the budget has its own series; the rest share the overflow."""
    clock = ManualClock()
    measurements = Measurements(
        CollectorRegistry(), clock, domains=(), tenants=2, spare=1.0, metrics=with_own((LETTERS, SOLD, STAY))
    )
    sold, stay = measurements.by_tenant(SOLD), measurements.by_tenant(STAY)
    for tenant in (1, 1, 2, 3, 4):
        sold.inc(tenant, "success")
        stay.observe(tenant, 90.0)
    measurements.columns.counters(LETTERS).of("mail").inc()

    reading = measurements.workers.read()
    told = {
        labels: value
        for labels, value in counter_rows(reading[SOLD.name])
        if value and labels[1] == "success"
    }
    measurements.close()

    assert {("1", "success"): 2.0, ("2", "success"): 1.0, ("__overflow__", "success"): 2.0} == told
    assert [(("mail",), 1.0)] == list(counter_rows(reading[LETTERS.name]))


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (CATALOGUE[0], "another name"),
        (Metric("Letters_total", Kind.COUNTER, (), "", ""), "lower-case"),
        (Metric("letters", Kind.COUNTER, (), "", ""), "_total"),
        (Metric("letters_total", Kind.GAUGE, (), "", ""), "_total"),
        (Metric("wait_seconds", Kind.HISTOGRAM, (), "seconds", ""), "buckets"),
        (Metric("letters_total", Kind.COUNTER, ("channel", "tenant"), "", ""), "first label"),
        (Metric("rooms", Kind.GAUGE, ("tenant",), "", ""), "counter or a histogram"),
        (Metric("rooms_total", Kind.COUNTER, ("tenant", "room"), "", ""), "nothing else"),
        (Metric("stay_seconds", Kind.HISTOGRAM, ("tenant", "domain"), "s", "", (1.0,)), "no label beside"),
    ],
)
def test_a_metric_that_breaks_the_rules_is_refused(metric: Metric, said: str) -> None:
    """At the start, with the metric's name and what it may be."""
    with pytest.raises(ConfigurationError, match=said):
        with_own((metric,))


def test_two_of_one_name_are_refused() -> None:
    """Also where both are the service's own."""
    with pytest.raises(ConfigurationError, match="letters_sent_total"):
        with_own((LETTERS, LETTERS))
