"""Operators read the last traces from bounded memory."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from monitor.operations.traces_endpoint import show_recent_traces
from monitor.tenancy.naming import TenantNaming
from monitor.testing.fakes import RecordingObserver
from monitor.tracing.provider import build_tracing
from monitor.tracing.recent import TraceView, Wanted
from tests.monitor.tracing.room import SERVICE, Room


@pytest.fixture(params=[0.0, 1.0], ids=["unsampled", "sampled"])
def room(request: pytest.FixtureRequest) -> Room:
    """Traces sampled at the head and not are kept alike."""
    return Room(request.param)


def find(room: Room, **wanted: Any) -> list[TraceView]:
    return room.tracing.recent.find(Wanted(**wanted), 100)


def test_every_request_can_be_read_for_a_while(room: Room) -> None:
    """Sampled or not, good or bad, a request's spans are there with their times and attributes."""
    with room.request(0.01), room.tracing.tracer.start_as_current_span("SELECT") as span:
        room.clock.advance(0.002)
        span.set_attribute("db.system.name", "sqlite")
        span.set_attribute("patient", "Ann Smith")

    (trace,) = find(room)
    assert (trace.method, trace.route, trace.status, trace.outcome) == (
        "GET",
        "/contacts/{contact_id}",
        200,
        "ok",
    )
    assert trace.tenant_id == 7
    server, query = trace.spans
    assert (server.name, server.kind, server.parent_id) == ("GET /contacts/{contact_id}", "server", None)
    assert (query.name, query.parent_id) == ("SELECT", server.span_id)
    assert query.attributes == {"db.system.name": "sqlite"}
    assert server.duration_ms == pytest.approx(12.0)
    assert query.duration_ms == pytest.approx(2.0)


def test_traces_are_found_by_clinic_route_outcome_and_duration(room: Room) -> None:
    """Each filter leaves the requests it names, and filters combine."""
    with room.request(0.01, tenant=1, route="/a"):
        pass
    with room.request(0.50, tenant=1, route="/b"):
        pass
    with room.request(0.01, tenant=2, route="/b", status=500, error_type="KeyError"):
        pass

    def found(**wanted: Any) -> list[tuple[int | None, str | None]]:
        return [(trace.tenant_id, trace.route) for trace in find(room, **wanted)]

    assert found(tenant=1) == [(1, "/b"), (1, "/a")]
    assert found(route="/b") == [(2, "/b"), (1, "/b")]
    assert found(outcome="slow") == [(1, "/b")]
    assert found(outcome="failed") == [(2, "/b")]
    assert found(outcome="ok") == [(1, "/a")]
    assert found(longer_than_s=0.2) == [(1, "/b")]
    assert found(tenant=2, outcome="slow") == []


def test_a_flood_of_good_requests_does_not_wash_failures_away() -> None:
    """Slow and failed traces have room of their own."""
    room = Room()
    room.tracing = build_tracing(
        SERVICE, clock=room.clock, observer=RecordingObserver(), ratio=0.0, slow_s=0.1, recent=10
    )
    with room.request(0.01, status=500, error_type="KeyError"):
        pass
    for _ in range(1_000):
        with room.request(0.001):
            pass

    assert len(find(room)) == 11
    assert find(room)[0].error_type == "KeyError"


def test_only_operators_read_them() -> None:
    """The handler asks whoever knows the caller, and says nothing to others."""
    room = Room()
    with room.request(0.5):
        pass
    answers = iter([True, False])
    handler = show_recent_traces(room.tracing.recent, lambda _: next(answers), TenantNaming())
    client = TestClient(Starlette(routes=[Route("/traces", handler)]))

    allowed, refused = client.get("/traces?tenant=7&outcome=slow"), client.get("/traces")

    (trace,) = allowed.json()["traces"]
    assert (trace["tenantId"], trace["durationMs"]) == (7, pytest.approx(500.0))
    assert trace["spans"][0]["name"] == "GET /contacts/{contact_id}"
    assert refused.status_code == 403
    assert "traces" not in refused.json()


def test_a_question_that_makes_no_sense_is_refused() -> None:
    """A filter that is no number is answered with 422, as every wrong parameter is."""
    room = Room()
    client = TestClient(
        Starlette(
            routes=[Route("/traces", show_recent_traces(room.tracing.recent, lambda _: True, TenantNaming()))]
        )
    )

    assert client.get("/traces?tenant=Ann").status_code == 422
    assert client.get("/traces?longerThanMs=-&limit=3").status_code == 422
    assert client.get("/traces?limit=0").status_code == 422


def test_a_flood_of_requests_leaves_a_list_of_the_last_half_minute(room: Room) -> None:
    """Once there were as many as fit, ordinary traces are let in at a pace: the list spans seconds."""
    for _ in range(5_000):
        with room.request(0.01):
            pass
    traces = find(room, outcome="ok")

    assert len(traces) == 100
    assert traces[0].started_at - traces[99].started_at > 5.0


def test_slow_and_failed_requests_are_kept_whatever_the_flood(room: Room) -> None:
    """However many requests there are, each that was slow or failed is on the list."""
    for number in range(1_000):
        with room.request(0.01):
            pass
        if number % 100 == 0:
            with room.request(0.2):
                pass
            with room.request(0.01, status=500, error_type="KeyError"):
                pass

    assert len(find(room, outcome="slow")) == len(find(room, outcome="failed")) == 10


def test_the_requests_of_one_trace_are_read_together(room: Room) -> None:
    """A caller that sends two requests in one trace finds both where it looks the trace up."""
    caller = {b"traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    for route in ("/a", "/b"):
        with room.request(0.01, caller, route=route):
            pass
        with room.request(0.01, route="/other"):
            pass
    trace = room.tracing.recent.one("0af7651916cd43dd8448eb211c80319c")

    assert trace is not None
    assert [span.name for span in trace.spans] == ["GET /a", "GET /b"]
    assert len(find(room)) == 4
    assert room.tracing.recent.one("nonsense") is None
