"""The tests' reading of PromQL finds what is there and nothing else."""

from __future__ import annotations

import pytest

from tests.dashboards.promql import grouped_by, selectors


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ("up", ["up"]),
        ('sum by (le, job) (rate(a_bucket{job=~"x", le="0.1"}[5m])) / b > 0.5', ["a_bucket", "b"]),
        (
            'max(a:b:c{job="d"} offset 1w) and on (tenant) topk(10, avg_over_time(e{}[1h] @ end()))',
            ["a:b:c", "e"],
        ),
        ("sum_over_time(a[30d:5m]) or vector(0)", ["a"]),
        ('a{note="b{c}(d)"} unless b', ["a", "b"]),
    ],
)
def test_the_selectors_of_a_query(expr: str, names: list[str]) -> None:
    """Functions, keywords, labels, strings and ranges are no metrics."""
    assert [selector.name for selector in selectors(expr)] == names


def test_what_is_around_a_selector() -> None:
    """Matchers, range and function are known of each."""
    (selector,) = selectors('sum(rate(a_total{job=~"$job",x!="y"}[$__rate_interval]))')

    assert selector.labels == {"job", "x"}
    assert selector.ranged == "$__rate_interval"
    assert selector.function == "rate"


def test_the_labels_of_a_grouping() -> None:
    """Grouping and matching labels are known, strings are not read."""
    assert grouped_by('sum by (a, b) (c{d="by (e)"}) and on (f) g') == {"a", "b", "f"}
