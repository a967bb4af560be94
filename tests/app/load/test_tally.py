"""What a run counts."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.load.tally import QUANTILES, Tally, cache_outcome, hit_ratio, percentiles


@pytest.mark.parametrize(
    ("header", "outcome"),
    [
        (None, None),
        ("", None),
        ("TaskMed; hit; ttl=30", "hit"),
        ("TaskMed; hit; ttl=-3; detail=stale", "stale"),
        ("TaskMed; fwd=miss; stored", "miss"),
        ("TaskMed; fwd=bypass; detail=error", "bypass"),
        ("TaskMed; fwd=miss, Edge; hit", "hit"),
        ("TaskMed", None),
    ],
)
def test_cache_status_is_read(header: str | None, outcome: str | None) -> None:
    """The outcome is that of the cache nearest to the client, the last one in the list (RFC 9211)."""
    assert cache_outcome(header) == outcome


def test_only_lookups_that_used_the_cache_make_the_ratio() -> None:
    """A bypass is no miss, a stale answer is a hit, and without any lookup there is no ratio."""
    assert hit_ratio(Counter(hit=6, stale=1, miss=3, bypass=90)) == pytest.approx(0.7)
    assert hit_ratio(Counter(bypass=4)) is None


def test_refusals_for_another_users_write_are_no_errors() -> None:
    """409 and 412 are conflicts, other 4xx and 5xx errors, and a lost connection is an error too."""
    tally = Tally()
    for status in (200, 304, 409, 412, 404, 503):
        tally.answered("contacts.update", 0.01, status, None)
    tally.failed("contacts.update", 0.5, "TimeoutError")

    total = tally.total()

    assert total.conflicts == 2
    assert total.errors == {"404": 1, "503": 1, "TimeoutError": 1}
    assert (tally.requests, tally.error_count) == (7, 3)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=300))
def test_percentiles_are_nearest_ranks(latencies: list[float]) -> None:
    """Each is a latency that occurred with at least its share at or below it; the last is the greatest."""
    at = percentiles(latencies)
    for quantile in QUANTILES:
        assert at[quantile] in latencies
        assert sum(value <= at[quantile] for value in latencies) >= quantile * len(latencies)
    assert at[1.0] == max(latencies)


def test_no_latency_no_percentile() -> None:
    """An empty run has none."""
    assert percentiles([]) == {}
