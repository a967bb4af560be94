"""Instruments: what is written through a handle is what a reader finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import UndeclaredMetric
from monitor.metrics import catalogue
from monitor.metrics.catalogue import CATALOGUE, DB_WAIT, HTTP_DURATION, LABEL_OVERFLOW, Kind, Metric
from monitor.metrics.cell_layout import Layout
from monitor.metrics.columns import Columns
from monitor.metrics.memory import Memory
from monitor.metrics.plain_reading import read_plain
from monitor.metrics.source import Source

SMALL = Metric("small_total", Kind.COUNTER, ("word",), "", "Few label sets.", rows=4)
FAILING = Metric("failing_total", Kind.COUNTER, ("route", "error_type"), "", "Few label sets.", rows=6)


def columns_of(*metrics: Metric) -> Columns:
    layout = Layout(metrics, ("contacts",), 4)
    return Columns(layout, Memory.private(layout.cells), lambda: 1_750_000_000.0)


def read(columns: Columns, metric: Metric) -> dict[tuple[str, ...], float]:
    source = Source(columns.layout, columns.memory, gauges=True)
    family = read_plain(columns.layout.blocks[metric.name], [source])
    return dict(zip(family.labels, family.values, strict=True))


def test_a_counter_counts() -> None:
    """Increments add up, and a second handle of the label set is the same series."""
    columns = columns_of(SMALL)
    columns.counters(SMALL).of("a").inc()
    columns.counters(SMALL).of("a").inc(2)
    assert read(columns, SMALL) == {("a",): 3.0}


def test_a_gauge_goes_up_and_down() -> None:
    """A gauge holds what was set, moved by what came after."""
    columns = columns_of(catalogue.SPAN_QUEUE)
    gauge = columns.gauges(catalogue.SPAN_QUEUE).of()
    gauge.set(5)
    gauge.inc()
    gauge.dec(4)
    assert gauge.value == 2.0


@settings(deadline=None)
@given(st.lists(st.floats(0, 20), max_size=60))
def test_a_histogram_counts_each_value_in_its_bucket(values: list[float]) -> None:
    """Counts, sum and the bucket of every value are those of a naive count; a bound is inside."""
    columns = columns_of(DB_WAIT)
    histogram = columns.histograms(DB_WAIT).of()
    for value in values:
        histogram.observe(value)
    source = Source(columns.layout, columns.memory, gauges=True)
    family = read_plain(columns.layout.blocks[DB_WAIT.name], [source])
    bounds = [*DB_WAIT.buckets, float("inf")]
    expected = [
        sum(low < value <= high for value in values)
        for low, high in zip([-1.0, *bounds], bounds, strict=False)
    ]
    assert list(family.counts) == (expected if family.labels else [])
    assert sum(family.values) == pytest.approx(sum(values))


def test_label_sets_over_the_budget_share_the_overflow() -> None:
    """The last row takes every further label set, is labelled as overflow, and is counted as such."""
    columns = columns_of(SMALL, LABEL_OVERFLOW)
    for word in "abcdefg":
        columns.counters(SMALL).of(word).inc()
    assert read(columns, SMALL) == {("a",): 1, ("b",): 1, ("c",): 1, ("__overflow__",): 4}
    assert read(columns, LABEL_OVERFLOW) == {("small_total",): 4}


def test_what_did_not_fail_is_no_failure_in_the_overflow() -> None:
    """Over the budget successes and failures are told apart, by the one label that the alerts read."""
    columns = columns_of(FAILING, LABEL_OVERFLOW)
    for route in "abcdefg":
        columns.counters(FAILING).of(route, "").inc()
        columns.counters(FAILING).of(route, "KeyError").inc(2)

    counted = read(columns, FAILING)

    assert sum(count for key, count in counted.items() if key[1] == "") == 7
    assert sum(count for key, count in counted.items() if key[1] != "") == 14
    assert {key for key in counted if key[0] == "__overflow__"} == {
        ("__overflow__", ""),
        ("__overflow__", "__overflow__"),
    }


def test_an_undeclared_metric_is_refused() -> None:
    """Nothing creates a metric that the catalogue does not have, or has otherwise."""
    columns = columns_of(SMALL)
    with pytest.raises(UndeclaredMetric) as refused:
        columns.histograms(HTTP_DURATION)
    assert refused.value.metric == HTTP_DURATION.name
    with pytest.raises(UndeclaredMetric):
        columns.gauges(SMALL)
    with pytest.raises(UndeclaredMetric):
        columns.counters(SMALL).of("one", "too many")


def test_labels_come_back_as_they_were_given() -> None:
    """Quotes, line breaks and other scripts survive; a label beyond measure is cut."""
    columns = columns_of(SMALL)
    columns.counters(SMALL).of('a"b\\c\nß').inc()
    columns.counters(SMALL).of("x" * 5_000).inc()
    assert set(read(columns, SMALL)) == {('a"b\\c\nß',), ("x" * 120,)}


def test_the_whole_catalogue_has_a_place() -> None:
    """Every metric of the catalogue gets cells, none overlapping another's."""
    layout = Layout(CATALOGUE, ("contacts", "appointments"), 100)
    runs = sorted((block.used, block.labels, block.values) for block in layout.blocks.values())
    starts = [start for run in runs for start in run]
    assert starts == sorted(set(starts))
    assert layout.cells * 8 < 2_000_000


def test_an_exemplar_is_a_whole_trace_id_or_none() -> None:
    """The last sampled trace of a bucket is kept; what is no id is ignored and the value still counts."""
    columns = columns_of(HTTP_DURATION)
    histogram = columns.histograms(HTTP_DURATION).of("GET", "/x", "200", "", "known")
    histogram.observe(0.02, "ab" * 16)
    histogram.observe(0.021, "cd" * 16)
    histogram.observe(0.022, "short")
    histogram.observe(0.3)
    source = Source(columns.layout, columns.memory, gauges=True)
    family = read_plain(columns.layout.blocks[HTTP_DURATION.name], [source])
    bucket = HTTP_DURATION.buckets.index(0.025)
    assert family.exemplars == {bucket: ("cd" * 16, 0.021, 1_750_000_000.0)}
    assert sum(family.counts) == 4
