"""The thresholds are those of the requirements, strict at the bound."""

from __future__ import annotations

import pytest

from monitor.metrics.catalogue import HTTP_BUCKETS, TENANT_BUCKETS
from monitor.objectives import Objectives, Threshold

OBJECTIVES = Objectives()


@pytest.mark.parametrize(
    ("threshold", "at", "past"),
    [
        (OBJECTIVES.latency_mean, 0.100, 0.1000001),
        (OBJECTIVES.hit_ratio, 0.70, 0.6999999),
        (OBJECTIVES.error_ratio, 0.05, 0.0500001),
    ],
)
def test_a_threshold_breaks_past_its_bound_and_not_at_it(
    threshold: Threshold, at: float, past: float
) -> None:
    """100 ms, 70 % and 5 % are still within the objective; one step over is not."""
    assert not threshold.broken_by(at)
    assert threshold.broken_by(past)


def test_the_latency_objectives_are_bucket_bounds() -> None:
    """A share of requests under an objective is read exactly only at a bucket's bound."""
    assert OBJECTIVES.latency.latency_bound_s in HTTP_BUCKETS
    assert OBJECTIVES.latency_mean.bound in HTTP_BUCKETS
    assert OBJECTIVES.latency_mean.bound in TENANT_BUCKETS
