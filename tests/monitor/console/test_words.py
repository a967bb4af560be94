"""Numbers as an operator reads them."""

from __future__ import annotations

import pytest

from monitor.console import words
from monitor.metrics.service_levels import Issue
from monitor.objectives import Objectives
from monitor.tenancy.naming import TenantNaming

NAMING = TenantNaming()


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0 ms"), (0.00084, "840 µs"), (0.0123, "12.3 ms"), (0.5, "500 ms"), (30.0, "30 s")],
)
def test_durations(value: float | None, text: str) -> None:
    """Microseconds, milliseconds or seconds, whichever is short."""
    assert words.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0, "0 %"), (1, "100 %"), (0.005, "0.5 %"), (0.873, "87.3 %")]
)
def test_shares(value: float | None, text: str) -> None:
    """A share is a percentage."""
    assert words.share(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0, "0/s"), (0.42, "0.42/s"), (38.24, "38.2/s"), (1250, "1,250/s")]
)
def test_rates(value: float | None, text: str) -> None:
    """Events a second, with as many digits as say something."""
    assert words.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (12, "12 B"), (1_900_000, "1.9 MB"), (2.5e9, "2.5 GB"), (640, "640 B")]
)
def test_sizes(value: float | None, text: str) -> None:
    """Bytes in the unit that keeps them short."""
    assert words.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(41.2, "41 s"), (300, "5 min"), (3600, "60 min"), (86_400, "24 h")]
)
def test_spans(value: float, text: str) -> None:
    """How long something has lasted."""
    assert words.span(value) == text


def test_an_issue_is_a_sentence() -> None:
    """Which objective, for whom, by how much, against which bound."""
    objectives = Objectives()
    assert words.issue(Issue(objectives.latency_mean, 0.25, tenant="3"), NAMING) == (
        "Average response time of tenant 3 is 250 ms, over 100 ms"
    )
    assert words.issue(Issue(objectives.hit_ratio, 0.5), NAMING) == "Cache hit ratio is 50 %, under 70 %"
    assert words.issue(Issue(objectives.error_ratio, 1.0, route=("GET", "/x")), NAMING) == (
        "Error ratio of GET /x is 100 %, over 5 %"
    )


def test_scopes_have_names() -> None:
    """What a switch is about, with all spelled out."""
    assert words.scope(None, None, NAMING) == "everything of all tenants"
    assert words.scope(7, "medical_records", NAMING) == "medical records of tenant 7"
