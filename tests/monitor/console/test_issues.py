"""The issues: worst first, named, dated, and each with the way to what tells why."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.console.issues import broken_for, issues, worst_first
from monitor.console.links import Links
from monitor.console.onsets import Onset
from monitor.console.snapshot import Snapshot
from monitor.metrics.service_levels import Issue
from monitor.objectives import Objectives
from monitor.tenancy.naming import TenantNaming

OBJECTIVES = Objectives()
LATENCY, ERRORS, HITS = OBJECTIVES.latency_mean, OBJECTIVES.error_ratio, OBJECTIVES.hit_ratio
ROUTE = ("GET", "/api/contacts")
HOUR = 3_600.0


def snapshot(*found: Issue, **onsets: Any) -> Snapshot:
    nothing: Any = None
    return Snapshot(HOUR, HOUR, 300.0, nothing, found, [], (), nothing, {}, None, 0.001, **onsets)


def drawn(*found: Issue, tenant: str | None = None, **onsets: Any) -> str:
    return str(issues(snapshot(*found, **onsets), Links(), tenant))


def test_the_worst_come_first() -> None:
    """The service before tenants before routes; a tenant's own together; the furthest off first."""
    whole, route = Issue(HITS, 0.6), Issue(LATENCY, 9.0, route=ROUTE)
    mild, worse, also = Issue(LATENCY, 0.2, "1"), Issue(ERRORS, 0.6, "2"), Issue(LATENCY, 0.11, "2")

    assert [whole, worse, also, mild, route] == worst_first([route, mild, also, worse, whole])


def test_no_hits_at_all_is_furthest_off() -> None:
    """A hit ratio of 0 has no quotient, and is worse than any other."""
    assert "tenant 2" in drawn(Issue(HITS, 0.1, "1"), Issue(HITS, 0.0, "2")).split("tenant 1")[0]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([Issue(ERRORS, 0.5, "7")], "tenant 7"),
        ([Issue(ERRORS, 0.5, "7"), Issue(LATENCY, 0.2, "7"), Issue(ERRORS, 0.6, "3")], "tenants 3 and 7"),
        ([Issue(ERRORS, 0.9 - n / 10, str(n)) for n in range(1, 6)], "tenants 1, 2, 3 and 2 more"),
        ([Issue(ERRORS, 0.5, "__overflow__")], "tenant others"),
        ([Issue(ERRORS, 0.5, route=ROUTE)], "GET /api/contacts"),
        (
            [Issue(ERRORS, 0.5, "7"), *(Issue(ERRORS, 0.5, route=(verb, "/x")) for verb in ("GET", "PUT"))],
            "tenant 7, and 2 routes",
        ),
    ],
)
def test_whom_it_is_for(found: list[Issue], said: str) -> None:
    """Each tenant is named once, the worst few by number."""
    assert said == broken_for(found, TenantNaming())


@pytest.mark.parametrize(
    ("issue", "way"),
    [
        (Issue(ERRORS, 0.5, "7"), '"/console/traces?tenant=7&amp;outcome=failed">failed requests'),
        (
            Issue(LATENCY, 0.5, route=ROUTE),
            '"/console/traces?route=%2Fapi%2Fcontacts&amp;outcome=slow">slow requests',
        ),
        (Issue(HITS, 0.5, "7"), '"/console/cache?tenant=7">the cache'),
        (Issue(HITS, 0.5), '"/console/cache">the cache'),
    ],
)
def test_where_to_look_next(issue: Issue, way: str) -> None:
    """Failures lead to failed requests, slowness to slow ones, few hits to the cache."""
    assert way in drawn(issue)


def test_since_when() -> None:
    """A beginning that is known is dated; one that the memory does not reach may be earlier."""
    issue = Issue(ERRORS, 0.5, "7")

    assert "00:30:00</time>" in drawn(issue, onsets={issue: Onset(1_800.0, at_least=False)})
    assert "00:30:00 or earlier" in drawn(issue, onsets={issue: Onset(1_800.0, at_least=True)})
    assert "just now" in drawn(issue)


def test_one_tenants_own() -> None:
    """A tenant's page shows its own issues, and nothing where it has none."""
    found = (Issue(ERRORS, 0.5, "7"), Issue(ERRORS, 0.5, "8"), Issue(ERRORS, 0.5))

    assert "tenant 7" in drawn(*found, tenant="7")
    assert "tenant 8" not in drawn(*found, tenant="7")
    assert issues(snapshot(*found), Links(), "9") is None


def test_a_long_list_is_cut() -> None:
    """When everything is broken the worst stand there, the next are one click away, the rest is a number."""
    page = drawn(*(Issue(ERRORS, 0.5, str(n)) for n in range(45)))

    worst, _, more = page.partition("<details>")
    assert (6, 34) == (worst.count("failed requests"), more.count("failed requests"))
    assert "34 more</summary>" in more
    assert "And 5 that are not listed." in more
    assert "<details>" not in drawn(*(Issue(ERRORS, 0.5, str(n)) for n in range(6)))
