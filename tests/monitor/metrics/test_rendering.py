"""The text of a scrape means what prometheus-client's own text means."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from monitor.metrics.catalogue import BUILD, HTTP_DURATION, TENANT_DURATION, TENANT_REQUESTS, Outcome
from monitor.metrics.catalogue import Metric as Declared
from monitor.metrics.collector import ColumnsCollector
from monitor.metrics.family import Family
from monitor.metrics.rendering import render
from tests.monitor.metrics.exposed import generate_openmetrics, parse_openmetrics, parse_text, samples

LABEL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e"),
    max_size=8,
)


def text(*families: Family, openmetrics: bool = False) -> str:
    body = "".join(piece for family in families for piece in render(family, openmetrics=openmetrics))
    return body[1:] + ("\n# EOF\n" if openmetrics else "\n")


def collected(*families: Family) -> CollectorRegistry:
    registry = CollectorRegistry()
    metrics: list[Declared] = [family.metric for family in families]
    registry.register(ColumnsCollector(metrics, lambda: {f.metric.name: f for f in families}))
    return registry


def histogram(rows: int) -> Family:
    width = len(TENANT_DURATION.buckets) + 1
    return Family(
        TENANT_DURATION,
        [(str(row + 1),) for row in range(rows)],
        [row * 0.125 for row in range(rows)],
        counts=[(row * 7 + at) % 5 for row in range(rows) for at in range(width)],
    )


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_histograms_read_as_prometheus_clients(rows: int) -> None:
    """Each series has the value that prometheus-client exposes."""
    family = histogram(rows)
    ours = samples(parse_text(text(family)))
    theirs = samples(parse_text(generate_latest(collected(family)).decode()))
    assert ours == theirs
    assert len(ours) == rows * (len(TENANT_DURATION.buckets) + 3)


def test_counters_read_as_prometheus_clients() -> None:
    """A tenant's outcomes become one series each, in both formats."""
    family = Family(
        TENANT_REQUESTS, [("1",), ("2",)], list(range(8)), variants=tuple((str(o),) for o in Outcome)
    )
    registry = collected(family)
    assert samples(parse_text(text(family))) == samples(list(parse_text(generate_latest(registry).decode())))
    openmetrics = text(family, openmetrics=True)
    assert samples(parse_openmetrics(openmetrics)) == samples(
        list(parse_openmetrics(generate_openmetrics(registry)))
    )


def test_openmetrics_carries_exemplars_and_text_does_not() -> None:
    """The bucket that a sampled request fell into names its trace."""
    family = histogram(2)
    bounds = TENANT_DURATION.buckets
    family.exemplars[len(bounds) + 1 + bounds.index(0.1)] = (
        "ab" * 16,
        0.07,
        1_750_000_000.25,
    )
    assert "#" not in text(family).split("\n", 2)[2]
    parsed = [
        (sample.labels, sample.exemplar)
        for parsed in parse_openmetrics(text(family, openmetrics=True))
        for sample in parsed.samples
        if sample.exemplar
    ]
    [(labels, exemplar)] = parsed
    assert labels == {"tenant": "2", "le": "0.1"}
    assert exemplar.labels == {"trace_id": "ab" * 16}
    assert exemplar.value == 0.07
    assert float(exemplar.timestamp or 0) == 1_750_000_000.25


@settings(deadline=None)
@given(st.lists(st.tuples(*[LABEL] * len(HTTP_DURATION.labels)), unique=True, min_size=1, max_size=5))
def test_any_label_value_survives(labels: list[tuple[str, ...]]) -> None:
    """Whatever a label holds is read back unchanged."""
    width = len(HTTP_DURATION.buckets) + 1
    family = Family(HTTP_DURATION, list(labels), [0.5] * len(labels), counts=[1] * width * len(labels))
    for parsed in (parse_text(text(family)), parse_openmetrics(text(family, openmetrics=True))):
        [found] = parsed
        names = {tuple(sample.labels[name] for name in HTTP_DURATION.labels) for sample in found.samples}
        assert names == set(labels)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 1e300, 0.0, -2.5, 3])
def test_any_gauge_value_survives(value: float) -> None:
    """Infinities, which JSON does not know, are written as Prometheus writes them."""
    family = Family(Declared("g", BUILD.kind.GAUGE, ("a",), "", "A gauge."), [("x",), ("y",)], [value, 1.0])
    assert samples(parse_text(text(family))) == {
        ("g", (("a", "x"),)): value,
        ("g", (("a", "y"),)): 1.0,
    }


def test_an_info_metric_is_a_gauge_in_text_and_an_info_in_openmetrics() -> None:
    """Each format spells an info metric its own way."""
    family = Family(BUILD, [("taskmed", "1", "3.11")], [1.0])
    assert "# TYPE monitor_build_info gauge\nmonitor_build_info{" in text(family)
    assert "# TYPE monitor_build info\nmonitor_build_info{" in text(family, openmetrics=True)


def test_a_family_without_series_is_left_out() -> None:
    """A family that nothing was counted in leaves no lines."""
    assert list(render(Family(HTTP_DURATION, [], []), openmetrics=True)) == []
