"""A fault makes exactly the requests suffer that it is meant for, and no longer than it is meant to."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.fault_injection import FaultLayer
from app.schemas.stress import FaultContent
from app.services.stress import StressService
from monitor.middleware.request import record_of
from monitor.tenancy.identity import TenantId
from monitor.testing.fakes import ManualClock
from tests.app.service import Caller
from tests.conditions import until


class Layered:
    """An application behind the fault layer that answers whether the cache was to be left aside."""

    def __init__(self, tenant: int | None = 1) -> None:
        self.clock = ManualClock()
        self.stress = StressService(self.clock)
        self.tenant = None if tenant is None else TenantId(tenant)
        self.route: str | None = None
        routes = [
            Route(path, PlainTextResponse("")) for path in ("/api/contacts/{contact_id}", "/api/contacts")
        ]
        self._layer = FaultLayer(self._answer, self.stress, self.clock, routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        record_of(scope).tenant = self.tenant
        await self._layer(scope, receive, send)
        self.route = record_of(scope).route

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = "bypass" if record_of(scope).bypass else "cache"
        await PlainTextResponse(text)(scope, receive, send)

    async def ask(self, path: str = "/api/contacts") -> tuple[int, str]:
        answer = await Caller(self, None).get(path)
        return answer.status_code, answer.text


async def test_without_a_fault_requests_go_through() -> None:
    """The layer alone changes nothing."""
    assert (200, "cache") == await Layered().ask()


async def test_a_delay_holds_requests_for_its_time() -> None:
    """A delayed request is answered once the clock has moved on by the delay."""
    layered = Layered()
    layered.stress.set(FaultContent(seconds=60, delay_ms=250))

    asked = asyncio.ensure_future(layered.ask())
    await until(lambda: layered.clock.sleepers == 1)
    layered.clock.advance(0.249)
    await asyncio.sleep(0)
    assert not asked.done()
    layered.clock.advance(0.001)

    assert (200, "cache") == await asked


@pytest.mark.parametrize(("share", "failed"), [(0.0, 0), (0.1, 10), (0.25, 25), (0.5, 50), (1.0, 100)])
async def test_a_share_of_errors_is_exact_and_spread_evenly(share: float, failed: int) -> None:
    """Of any hundred requests the share fails, never two in a row while another could."""
    layered = Layered()
    layered.stress.set(FaultContent(seconds=60, error_share=share))

    statuses = [(await layered.ask())[0] for _ in range(100)]

    assert failed == statuses.count(500)
    assert share == 1 or (500, 500) not in pairwise(statuses)


async def test_a_fault_can_leave_the_cache_aside() -> None:
    """The interceptor behind is told to go to the database."""
    layered = Layered()
    layered.stress.set(FaultContent(seconds=60, bypass_cache=True))

    assert (200, "bypass") == await layered.ask()


@pytest.mark.parametrize(
    ("clinics", "tenant", "status"), [((1,), 1, 500), ((2,), 1, 200), ((), None, 500), ((1,), None, 200)]
)
async def test_a_fault_reaches_the_clinics_it_names(
    clinics: tuple[int, ...], tenant: int | None, status: int
) -> None:
    """Named clinics suffer, others do not; where none is named all do."""
    layered = Layered(tenant)
    layered.stress.set(FaultContent(seconds=60, error_share=1.0, clinics=clinics))

    assert status == (await layered.ask())[0]


@pytest.mark.parametrize(
    "path", ["/api/stress/fault", "/api/health", "/api/health/live", "/api/metrics", "/metrics", "/docs"]
)
async def test_what_steers_and_watches_a_drill_is_spared(path: str) -> None:
    """A fault never keeps an operator from seeing or ending it."""
    layered = Layered()
    layered.stress.set(FaultContent(seconds=60, error_share=1.0))

    assert 200 == (await layered.ask(path))[0]


async def test_a_fault_ends_by_itself_or_when_it_is_cleared() -> None:
    """After its time, or after `clear`, nothing suffers any more."""
    layered = Layered()

    layered.stress.set(FaultContent(seconds=60, error_share=1.0))
    layered.clock.advance(59.9)
    assert 500 == (await layered.ask())[0]
    assert 0.1 == layered.stress.show().seconds_left
    layered.clock.advance(0.1)
    assert 200 == (await layered.ask())[0]
    assert layered.stress.show().active is False

    layered.stress.set(FaultContent(seconds=60, error_share=1.0))
    layered.stress.clear()
    assert 200 == (await layered.ask())[0]


@pytest.mark.parametrize(
    ("path", "route"),
    [("/api/contacts", "/api/contacts"), ("/api/contacts/4", "/api/contacts/{contact_id}"), ("/api/x", None)],
)
async def test_a_failure_is_counted_under_its_route(path: str, route: str | None) -> None:
    """Whoever watches the drill sees which routes fail, as in a real fault behind the router."""
    layered = Layered()
    layered.stress.set(FaultContent(seconds=60, error_share=1.0))

    assert 500 == (await layered.ask(path))[0]
    assert route == layered.route


async def test_what_is_no_request_passes() -> None:
    """Lifespan and websockets are none of the layer's business."""
    layered = Layered()
    layered.stress.set(FaultContent(seconds=60, error_share=1.0))
    passed: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        passed.append(scope["type"])

    await FaultLayer(app, layered.stress, layered.clock)({"type": "lifespan"}, _receive, _send)

    assert ["lifespan"] == passed


async def _receive() -> dict[str, object]:
    return {}


async def _send(_message: object) -> None:
    """Take what nobody sends."""
