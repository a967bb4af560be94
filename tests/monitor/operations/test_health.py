"""`GET /api/health` and its two questions for orchestrators."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx2 as httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from monitor.errors import StoreUnavailable
from monitor.metrics.catalogue import HEALTH, Outcome
from monitor.metrics.measurements import Measurements
from monitor.objectives import Objectives
from monitor.operations.health import Check, Health
from monitor.tenancy.identity import Identity, TenantId
from monitor.tenancy.naming import TenantNaming
from monitor.testing.fakes import ManualClock
from tests.conditions import until

OPERATOR = Identity(None, "o1", "operator", operator=True)
STAFF = Identity(TenantId(1), "u1", "staff")


class Dependency:
    """Something to be healthy or not; `hang` never answers."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.hang = False
        self.asked = 0

    async def probe(self) -> None:
        self.asked += 1
        if self.hang:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def measurements(clock: ManualClock) -> Iterator[Measurements]:
    measurements = Measurements(CollectorRegistry(), clock, domains=("contacts",))
    measurements.windows.tick()
    yield measurements
    measurements.close()


@pytest.fixture
def cache() -> Dependency:
    return Dependency()


@pytest.fixture
def database() -> Dependency:
    return Dependency()


Ask = Callable[..., Any]


@pytest.fixture
def ask(measurements: Measurements, clock: ManualClock, cache: Dependency, database: Dependency) -> Ask:
    identity: list[Identity | None] = [None]

    def identify(_request: Request) -> Identity | None:
        return identity[0]

    health = Health(
        [Check("cache", cache.probe), Check("database", database.probe, essential=True)],
        measurements.windows,
        Objectives(),
        measurements.columns,
        clock,
        identify,
        TenantNaming(),
        measurements.executor,
    )
    routes = [
        Route("/api/health", health.endpoint),
        Route("/api/health/live", health.live),
        Route("/api/health/ready", health.ready),
    ]
    transport = httpx.ASGITransport(app=Starlette(routes=routes))

    async def ask(path: str = "", as_: Identity | None = None) -> httpx.Response:
        identity[0] = as_
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return await client.get(f"/api/health{path}")

    return ask


async def test_the_shape_of_the_requirements(ask: Ask) -> None:
    """A healthy service answers with exactly this."""
    answer = await ask()
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "cache": {"healthy": True, "message": "Cache operational"},
        "performance": {"healthy": True, "issues": []},
    }


async def test_a_cache_that_is_out_degrades_and_takes_nobody_off(ask: Ask, cache: Dependency) -> None:
    """Users are served from the database: still 200, still ready."""
    cache.failure = ConnectionError("refused")
    answer = await ask()
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["cache"] == {
        "healthy": False,
        "message": "Cache unavailable, served from the database",
    }
    assert (await ask("/ready")).status_code == 200


async def test_a_database_that_is_out_makes_the_worker_unready(ask: Ask, database: Dependency) -> None:
    """Readiness and health say 503; liveness goes on, for a restart would mend nothing."""
    database.failure = OSError("gone")
    assert (await ask("/ready")).status_code == 503
    assert (await ask()).status_code == 503
    assert (await ask()).json()["status"] == "unavailable"
    assert (await ask("/live")).status_code == 200


async def test_readiness_asks_only_what_is_essential(ask: Ask, cache: Dependency) -> None:
    """An orchestrator's question does not load what it does not depend on."""
    await ask("/ready")
    await ask("/live")
    assert cache.asked == 0


async def test_a_hung_check_costs_one_timeout(ask: Ask, clock: ManualClock, cache: Dependency) -> None:
    """Checks run side by side, each within its timeout."""
    cache.hang = True
    asking = asyncio.create_task(ask("", OPERATOR))
    await until(lambda: clock.sleepers > 0)
    clock.advance(1.0)
    body = (await asking).json()
    assert body["status"] == "degraded"
    [found] = [check for check in body["checks"] if check["name"] == "cache"]
    assert found == {
        "name": "cache",
        "healthy": False,
        "essential": False,
        "latencyMs": 1000,
        "problem": "timeout",
    }


async def test_only_an_operator_sees_the_checks(ask: Ask, database: Dependency) -> None:
    """Others get the shape alone: what the service depends on is nobody's business."""
    database.failure = OSError("password=hunter2")
    assert "checks" not in (await ask("", STAFF)).json()
    answer = await ask("", OPERATOR)
    [found] = [check for check in answer.json()["checks"] if check["name"] == "database"]
    assert found["problem"] == "OSError"
    assert "hunter2" not in answer.text


async def test_an_operator_is_told_why_the_store_is_out(ask: Ask, cache: Dependency) -> None:
    """An open breaker is another thing than a refused connection."""
    cache.failure = StoreUnavailable("probe", "breaker_open", "the user may not run INFO")
    body = (await ask("", OPERATOR)).json()
    [found] = [check for check in body["checks"] if check["name"] == "cache"]

    assert found["problem"] == "StoreUnavailable: breaker_open (the user may not run INFO)"


async def test_broken_objectives_are_issues(ask: Ask, measurements: Measurements, clock: ManualClock) -> None:
    """Slowness is told to all, and by clinic and route to an operator only."""
    clock.advance(10)
    for _ in range(40):
        measurements.http.begin("GET")
        measurements.http.end("GET", "/api/contacts", 200, None, Outcome.SUCCESS, 7, 0.25)
    body = (await ask()).json()
    assert body["performance"] == {
        "healthy": False,
        "issues": ["latency_mean is 250 ms, over 100 ms"],
    }
    assert body["status"] == "ok"
    issues = (await ask("", OPERATOR)).json()["performance"]["issues"]
    assert "latency_mean of tenant 7 is 250 ms, over 100 ms" in issues
    assert "latency_mean of GET /api/contacts is 250 ms, over 100 ms" in issues


async def test_each_check_is_a_metric(ask: Ask, measurements: Measurements, cache: Dependency) -> None:
    """What the last look found can be alerted on."""
    cache.failure = OSError()
    await ask()
    family = measurements.workers.read()[HEALTH.name]
    assert dict(zip(family.labels, family.values, strict=True)) == {("cache",): 0.0, ("database",): 1.0}
