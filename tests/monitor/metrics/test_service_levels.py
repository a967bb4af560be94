"""Numbers held against the objectives."""

from __future__ import annotations

import pytest

from monitor.metrics.catalogue import Outcome
from monitor.metrics.measurements import Measurements
from monitor.metrics.service_levels import Issue, ServiceLevels
from monitor.objectives import Objectives

OBJECTIVES = Objectives()


def serve(
    measurements: Measurements,
    times: int,
    seconds: float = 0.01,
    status: int = 200,
    tenant: int | None = 1,
    route: str = "/api/contacts",
) -> None:
    outcome = Outcome.SERVER_ERROR if status >= 500 else Outcome.SUCCESS
    for _ in range(times):
        measurements.http.begin("GET")
        measurements.http.end("GET", route, status, None, outcome, tenant, seconds)


def look_up(measurements: Measurements, result: str, times: int, tenant: int = 1) -> None:
    for _ in range(times):
        measurements.cache.looked_up(tenant, "contacts", result, "store", 0.001)


def performance(measurements: Measurements, *probes: str) -> ServiceLevels:
    return ServiceLevels(measurements.workers.read(), probes)


def broken(measurements: Measurements, seconds: float = 10.0) -> list[tuple[str, str | None, bool]]:
    issues: list[Issue] = list(performance(measurements).issues(OBJECTIVES, seconds))
    return [(issue.threshold.name, issue.tenant, issue.route is not None) for issue in issues]


def test_means_and_ratios_by_route_tenant_and_all(measurements: Measurements) -> None:
    """Each is computed from its own family."""
    serve(measurements, 3, 0.02)
    serve(measurements, 1, 0.06, status=503, tenant=2)
    found = performance(measurements)
    assert found.overall.mean_s == pytest.approx(0.03)
    assert found.overall.error_ratio == 0.25
    assert found.routes[("GET", "/api/contacts")].count == 4
    assert found.tenants["1"].error_ratio == 0.0
    assert found.tenants["2"].error_ratio == 1.0


def test_probes_count_in_their_own_row_only(measurements: Measurements) -> None:
    """Health checks and scrapes would make the average look good."""
    serve(measurements, 2, 0.2)
    serve(measurements, 8, 0.001, tenant=None, route="/api/health")
    found = performance(measurements, "/api/health")
    assert found.overall.mean_s == pytest.approx(0.2)
    assert found.routes[("GET", "/api/health")].count == 8
    assert set(found.tenants) == {"1"}


def test_a_bypass_is_no_lookup(measurements: Measurements) -> None:
    """What the cache was not asked for neither raises nor lowers the hit ratio."""
    look_up(measurements, "hit", 3)
    look_up(measurements, "miss", 1)
    look_up(measurements, "bypass", 9)
    assert performance(measurements).cache().hit_ratio == 0.75
    assert performance(measurements).cache("1", "contacts").total == 4
    assert performance(measurements).cache("2").hit_ratio is None


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.1, []),
        (0.101, [("latency_mean", None, False), ("latency_mean", None, True), ("latency_mean", "1", False)]),
    ],
)
def test_the_average_is_strict_at_its_bound(
    measurements: Measurements, seconds: float, expected: list[tuple[str, str | None, bool]]
) -> None:
    """Exactly 100 ms is within the objective; more breaks it for all, the route and the tenant."""
    serve(measurements, 40, seconds)
    assert broken(measurements) == expected


def test_a_low_hit_ratio_is_an_issue(measurements: Measurements) -> None:
    """Under 70 % breaks it; exactly 70 % does not."""
    look_up(measurements, "hit", 700)
    look_up(measurements, "miss", 300)
    assert broken(measurements) == []
    look_up(measurements, "miss", 1)
    assert broken(measurements) == [("hit_ratio", None, False), ("hit_ratio", "1", False)]


def test_errors_of_one_tenant_are_its_own_issue(measurements: Measurements) -> None:
    """A clinic over 5 % is named, though all together are under it."""
    serve(measurements, 400)
    serve(measurements, 30, tenant=2)
    serve(measurements, 3, status=500, tenant=2)
    assert broken(measurements) == [("error_ratio", "2", False)]


def test_few_events_say_nothing(measurements: Measurements) -> None:
    """Under the guard's rate nothing is judged, nor in the first moments after a start."""
    serve(measurements, 29, 0.5, status=500)
    assert broken(measurements, seconds=300.0) == []
    assert broken(measurements, seconds=0.1) == []
