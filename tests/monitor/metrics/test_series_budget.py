"""However requests come, the scrape stays within the series that the layout declares."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from monitor.metrics.catalogue import METHODS, OTHER_METHOD, TENANT_REQUESTS, UNMATCHED, Outcome
from monitor.metrics.measurements import Measurements
from monitor.metrics.windows import counter_rows, histogram_rows
from monitor.testing.fakes import ManualClock

REQUESTS = 100_000


def series(measurements: Measurements) -> int:
    """Count the samples of a scrape."""
    body = b"".join(measurements.exposition.render()).decode()
    return sum(not line.startswith("#") for line in body.splitlines())


def request(measurements: Measurements, draw: random.Random) -> None:
    """Send what a scanner, a bug and a thousand clinics would send together."""
    method = draw.choice([*METHODS, OTHER_METHOD])
    route = draw.choice([UNMATCHED, f"/api/{draw.randrange(2_000)}"])
    tenant = draw.choice([None, draw.randrange(1, 5_000)])
    status = draw.randrange(100, 600)
    error = draw.choice([None, f"Error{draw.randrange(50)}"])
    measurements.http.begin(method)
    measurements.http.end(method, route, status, error, draw.choice(list(Outcome)), tenant, draw.random())
    if tenant is not None and draw.random() < 0.2:
        domain, result = draw.choice(["contacts", "unheard"]), draw.choice(["hit", "miss", "?"])
        measurements.cache.looked_up(tenant, domain, result, "near", draw.random())
        measurements.database.queried("sqlite", "SELECT", route, f"SELECT {status}", 0.1, error)


def test_a_hundred_thousand_random_requests_stay_within_the_budget() -> None:
    """The declared number of series is never passed, every request is counted, and totals agree."""
    clock = ManualClock()
    measurements = Measurements(CollectorRegistry(), clock, domains=("contacts",), tenants=200, idle_s=60.0)
    budget = measurements.columns.layout.series_budget
    draw = random.Random(17)
    for number in range(REQUESTS):
        request(measurements, draw)
        if number % 20_000 == 0:
            assert series(measurements) <= budget
    assert series(measurements) <= budget

    reading = measurements.workers.read()
    routes = histogram_rows(reading["http_server_request_duration_seconds"])
    assert sum(sum(counts) for _, counts, _ in routes) == REQUESTS
    assert sum(count for _, count in counter_rows(reading[TENANT_REQUESTS.name])) == REQUESTS
    tenants = set(reading[TENANT_REQUESTS.name].labels)
    assert len(tenants) == 202
    measurements.close()


def test_each_tenant_costs_exactly_what_the_layout_says() -> None:
    """A histogram of fifteen bounds, four outcomes, and six counters for each domain."""
    domains = ("contacts", "appointments", "medical_records", "analytics", "settings")
    measurements = Measurements(CollectorRegistry(), ManualClock(), domains=domains, tenants=9)
    counted = []
    for tenant in (1, 2, 3):
        measurements.http.begin("GET")
        measurements.http.end("GET", "/x", 200, None, Outcome.SUCCESS, tenant, 0.01)
        counted.append(series(measurements))
    assert counted[1] - counted[0] == counted[2] - counted[1] == 52
    assert measurements.columns.layout.series_per_tenant == 52
    measurements.close()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)), max_size=60))
def test_no_order_of_arrivals_and_sweeps_passes_the_budget(steps: list[tuple[int, int]]) -> None:
    """With evictions in between as well, there are never more tenants than the budget."""
    clock = ManualClock()
    measurements = Measurements(CollectorRegistry(), clock, domains=("contacts",), tenants=5, idle_s=60.0)
    for tenant, minutes in steps:
        measurements.http.begin("GET")
        measurements.http.end("GET", "/x", 200, None, Outcome.SUCCESS, tenant, 0.01)
        if minutes:
            clock.advance(60.0 * minutes)
            measurements.idle.sweep()
        reading = measurements.workers.read()
        assert len(reading[TENANT_REQUESTS.name].labels) <= 5 + 2
    measurements.close()
