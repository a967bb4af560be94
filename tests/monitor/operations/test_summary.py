"""`GET /api/metrics`: the shape, the numbers, and who may see which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2 as httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from monitor.metrics.catalogue import Outcome
from monitor.metrics.measurements import Measurements
from monitor.objectives import Objectives
from monitor.operations.summary import Summary
from monitor.tenancy.identity import Identity, TenantId
from monitor.tenancy.naming import TenantNaming
from monitor.testing.fakes import ManualClock

OPERATOR = Identity(None, "o1", "operator", operator=True)
STAFF = Identity(TenantId(1), "u1", "staff")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def measurements(clock: ManualClock) -> Iterator[Measurements]:
    measurements = Measurements(CollectorRegistry(), clock, domains=("contacts", "settings"))
    measurements.windows.tick()
    yield measurements
    measurements.close()


Ask = Callable[[Identity | None], Any]


@pytest.fixture
def ask(measurements: Measurements) -> Ask:
    async def ask(identity: Identity | None) -> httpx.Response:
        def identify(_request: Request) -> Identity | None:
            return identity

        summary = Summary(
            measurements.windows,
            Objectives(),
            identify,
            TenantNaming(),
            measurements.executor,
            probes={"/api/health"},
        )
        app = Starlette(routes=[Route("/api/metrics", summary.endpoint)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as client:
            return await client.get("/api/metrics")

    return ask


def serve(
    measurements: Measurements, tenant: int, times: int, seconds: float = 0.05, status: int = 200
) -> None:
    outcome = Outcome.SERVER_ERROR if status >= 500 else Outcome.SUCCESS
    for _ in range(times):
        measurements.http.begin("GET")
        measurements.http.end("GET", "/api/contacts", status, None, outcome, tenant, seconds)


def look_up(measurements: Measurements, tenant: int, hits: int, misses: int) -> None:
    for result, times in (("hit", hits), ("miss", misses)):
        for _ in range(times):
            measurements.cache.looked_up(tenant, "contacts", result, "near", 0.001)


async def test_the_shape_of_the_requirements(measurements: Measurements, ask: Ask) -> None:
    """The fields that were asked for, literally, with their kinds of value."""
    serve(measurements, 1, 650, 0.085)
    serve(measurements, 2, 600, 0.085)
    look_up(measurements, 1, 741, 209)
    body = (await ask(OPERATOR)).json()
    assert body["api"]["totalCalls"] == 1250
    assert body["api"]["avgResponseTime"] == 85
    assert body["cache"]["hitRate"] == "78%"
    assert body["cache"]["total"] == 950
    assert {"tenantId": 1, "requests": 650}.items() <= body["tenants"][0].items()


async def test_percentiles_with_their_error_by_route_and_by_clinic(
    measurements: Measurements, ask: Ask
) -> None:
    """Milliseconds, interpolated; the error is the bucket's width."""
    serve(measurements, 1, 100, 0.02)
    body = (await ask(OPERATOR)).json()
    [route], [clinic] = body["routes"], body["tenants"]
    assert (route["method"], route["route"], route["requests"]) == ("GET", "/api/contacts", 100)
    for row in (route, clinic, body["api"]):
        assert 10 < row["p50"] < row["p95"] < row["p99"] <= 25
        assert row["errorBound"] == {"p50": 15, "p95": 15, "p99": 15}


async def test_few_samples_have_no_percentile(measurements: Measurements, ask: Ask) -> None:
    """Under the minimum that the answer states, percentiles are null."""
    serve(measurements, 1, 19)
    body = (await ask(OPERATOR)).json()
    assert body["window"]["minimumSamples"] == 20
    assert body["api"]["p99"] is None
    assert body["api"]["avgResponseTime"] == 50


async def test_rates_are_the_windows_and_totals_are_not(
    measurements: Measurements, clock: ManualClock, ask: Ask
) -> None:
    """What happened before the window is in the totals alone."""
    serve(measurements, 1, 30, 0.5, status=500)
    look_up(measurements, 1, 0, 10)
    clock.advance(301)
    measurements.windows.tick()
    clock.advance(300)
    serve(measurements, 1, 30, 0.02)
    look_up(measurements, 1, 9, 1)
    body = (await ask(OPERATOR)).json()
    assert body["api"]["totalCalls"] == 60
    assert body["api"]["avgResponseTime"] == 20
    assert body["api"]["errorRate"] == "0%"
    assert body["cache"]["hitRate"] == "90%"
    assert body["cache"]["total"] == 20
    assert body["window"] == {"seconds": 300, "requests": 30, "minimumSamples": 20}


async def test_hit_rates_by_domain_and_by_clinic(measurements: Measurements, ask: Ask) -> None:
    """Each domain and each clinic has its own; a domain nobody asked for has none."""
    look_up(measurements, 1, 3, 1)
    serve(measurements, 1, 1)
    body = (await ask(OPERATOR)).json()
    assert body["cache"]["domains"] == [
        {"domain": "contacts", "hitRate": "75%", "total": 4},
        {"domain": "settings", "hitRate": None, "total": 0},
    ]
    assert body["tenants"][0]["hitRate"] == "75%"


async def test_a_clinics_own_user_sees_its_clinic_only(measurements: Measurements, ask: Ask) -> None:
    """No number of another clinic, and none that mixes clinics, leaves for a clinic's user."""
    serve(measurements, 1, 25, 0.02)
    serve(measurements, 2, 75, 0.5, status=500)
    look_up(measurements, 1, 1, 0)
    look_up(measurements, 2, 0, 99)
    body = (await ask(STAFF)).json()
    assert [tenant["tenantId"] for tenant in body["tenants"]] == [1]
    assert body["api"]["totalCalls"] == 25
    assert body["api"]["errorRate"] == "0%"
    assert body["cache"]["hitRate"] == "100%"
    assert body["cache"]["total"] == 1
    assert body["routes"] == []
    assert body["issues"] == []


async def test_issues_name_what_is_broken(measurements: Measurements, clock: ManualClock, ask: Ask) -> None:
    """Slow and failing routes and clinics, with the value and the bound."""
    clock.advance(60)
    serve(measurements, 3, 50, 0.25, status=500)
    issues = (await ask(OPERATOR)).json()["issues"]
    assert {"objective": "latency_mean", "value": 250, "bound": 100} in issues
    assert {"objective": "error_ratio", "value": 1, "bound": 0.05, "tenantId": 3} in issues
    routes = [issue for issue in issues if issue.get("route") == "/api/contacts"]
    assert {issue["objective"] for issue in routes} == {"latency_mean", "error_ratio"}


@pytest.mark.parametrize(
    ("identity", "status"), [(None, 401), (Identity(None, "u2", "staff"), 403), (STAFF, 200)]
)
async def test_nobody_unknown_is_answered(ask: Ask, identity: Identity | None, status: int) -> None:
    """No identity, or one that belongs to no clinic and is no operator, gets nothing."""
    answer = await ask(identity)
    assert answer.status_code == status
    kind = "application/json" if status == 200 else "application/problem+json"
    assert answer.headers["content-type"] == kind


async def test_the_answer_is_never_stored(ask: Ask) -> None:
    """It names clinics; no cache on the way may keep it."""
    assert (await ask(OPERATOR)).headers["cache-control"] == "no-store"
