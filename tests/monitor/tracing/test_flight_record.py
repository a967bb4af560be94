"""Slow and failed requests are exported whole though the head did not sample them."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode, get_current_span, set_span_in_context

from monitor.tracing.flight_record import MOST_SPANS
from monitor.tracing.recent import Wanted
from monitor.tracing.trace_observer import TraceDecision
from tests.monitor.tracing.room import SLOW_S, Room

PARENT = {b"traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-%s"}


def work(room: Room, *, fail: bool = False) -> None:
    """A handler with a cache lookup and a query below it."""
    tracer = room.tracing.tracer
    with tracer.start_as_current_span("cache get contacts", attributes={"cache.domain": "contacts"}) as cache:
        room.clock.advance(0.002)
        with tracer.start_as_current_span("SELECT contacts", kind=SpanKind.CLIENT) as query:
            query.set_attributes({"db.system.name": "sqlite", "db.query.text": "SELECT 'Ann Smith'"})
            query.add_event("row", {"name": "Ann Smith"})
            room.clock.advance(0.003)
        cache.set_attribute("cache.result", "miss")
    if fail:
        with (
            pytest.raises(ValueError, match="Ann"),
            tracer.start_as_current_span("INSERT contacts", kind=SpanKind.CLIENT),
        ):
            raise ValueError("Ann Smith")


def test_a_fast_request_leaves_nothing_to_export() -> None:
    """What was good and quick is forgotten, and counted as dropped."""
    room = Room()

    with room.request(0.01):
        work(room)

    assert not room.kept
    assert room.exported() == []
    assert room.observer.of("decided") == [(TraceDecision.DROPPED,)]


def test_a_slow_request_is_exported_whole() -> None:
    """A request over the objective brings its server, cache and database spans, rightly nested."""
    room = Room()

    with room.request(0.2):
        work(room)

    assert room.kept
    assert [(shape.name, shape.parent) for shape in room.shapes()] == [
        ("GET /contacts/{contact_id}", None),
        ("cache get contacts", "GET /contacts/{contact_id}"),
        ("SELECT contacts", "cache get contacts"),
    ]
    assert room.observer.of("decided") == [(TraceDecision.KEPT_SLOW,)]


def test_a_request_at_the_objective_is_not_slow() -> None:
    """The bound itself is within the objective."""
    room = Room()

    with room.request(SLOW_S):
        pass

    assert not room.kept


def test_a_failed_request_is_exported_however_fast() -> None:
    """A failure is worth a trace whatever it took."""
    room = Room()

    with room.request(0.001, status=500, error_type="ValueError", outcome="server_error"):
        work(room, fail=True)

    server, *_, failed = room.shapes()
    assert (server.status, server.attributes["error.type"]) == (StatusCode.ERROR, "ValueError")
    assert (failed.status, failed.attributes, failed.description) == (
        StatusCode.ERROR,
        {"error.type": "ValueError"},
        None,
    )
    assert room.observer.of("decided") == [(TraceDecision.KEPT_FAILED,)]


@pytest.mark.parametrize("with_parent", [False, True])
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"status": 500, "error_type": "ValueError", "outcome": "server_error"},
        {"route": None, "status": 404, "tenant": None, "outcome": "client_error", "cache": "miss"},
    ],
    ids=["slow", "failed", "unmatched"],
)
def test_late_and_head_sampled_traces_have_one_shape(facts: dict[str, Any], *, with_parent: bool) -> None:
    """Name, kind, parentage, flags, attributes, status, times, resource and scope are the same."""
    late, head = Room(0.0), Room(1.0)
    for room, flag in ((late, b"f2"), (head, b"f3")):
        headers = {name: value % flag for name, value in PARENT.items()} if with_parent else {}
        with room.request(0.2, headers, **facts):
            work(room, fail=True)

    assert late.kept
    assert late.shapes() == head.shapes()
    assert late.tracing.recent.find(Wanted(), 9)[0].spans[0].attributes == (
        head.tracing.recent.find(Wanted(), 9)[0].spans[0].attributes
    )


def test_a_trace_keeps_the_id_it_had_while_it_ran() -> None:
    """The id that was logged and sent to other services is the one that is exported."""
    room = Room()

    with room.request(0.2) as trace:
        running = get_current_span().get_span_context()

    (span,) = room.exported()
    assert span.context is not None
    assert (span.context.trace_id, span.context.span_id) == (running.trace_id, running.span_id)
    assert (trace.trace_id, trace.hex_span_id) == (f"{running.trace_id:032x}", f"{running.span_id:016x}")
    assert not running.trace_flags.sampled


def test_a_span_that_outlives_its_slow_request_is_exported_when_it_ends() -> None:
    """Work that goes on behind a kept request stays in its trace."""
    room = Room()
    with room.request(0.2):
        behind = room.tracing.tracer.start_span("behind")
        context = set_span_in_context(behind)
    later = room.tracing.tracer.start_span("later", context)

    assert [span.name for span in room.exported()] == ["GET /contacts/{contact_id}"]
    later.end()
    behind.end()
    assert {span.name for span in room.exported()} == {"GET /contacts/{contact_id}", "behind", "later"}


def test_a_span_that_outlives_a_forgotten_request_is_forgotten_too() -> None:
    """Nothing of a dropped trace is exported later, and it costs no memory."""
    room = Room()
    with room.request(0.01):
        behind = room.tracing.tracer.start_span("behind")
        context = set_span_in_context(behind)
    later = room.tracing.tracer.start_span("later", context)
    later.end()
    behind.end()

    assert not later.is_recording()
    assert room.exported() == []


def test_a_record_holds_a_bounded_number_of_spans() -> None:
    """A request that runs a thousand queries keeps the first of them and still nests rightly."""
    room = Room()

    with room.request(0.2):
        for _ in range(1_000):
            with room.tracing.tracer.start_as_current_span("SELECT"):
                pass

    assert len(room.exported()) == 1 + MOST_SPANS


def test_a_flight_span_takes_all_that_the_api_offers() -> None:
    """Code written against OpenTelemetry's API works on a flight span, and leaves no text behind."""
    room = Room()

    with room.request(0.2):
        span = room.tracing.tracer.start_span("first", start_time=None)
        span.update_name("second")
        span.record_exception(KeyError("Ann Smith"))
        span.set_status(StatusCode.ERROR, "Ann Smith")
        span.add_link(span.get_span_context())
        assert span.is_recording()
        span.end()
        span.end()
        span.update_name("third")
        span.set_attribute("error.type", "other")
        span.set_attributes({"error.type": "other"})
        span.set_status(StatusCode.OK)
        assert not span.is_recording()

    shape = room.shapes()[1]
    assert (shape.name, shape.status, shape.attributes) == (
        "second",
        StatusCode.ERROR,
        {"error.type": "KeyError", "exception.stacktrace": "KeyError"},
    )
    assert (shape.description, shape.events, shape.links) == (None, 0, 1)


def test_explicit_times_are_kept() -> None:
    """A span may be dated by its caller, in nanoseconds since the epoch."""
    room = Room()

    with room.request(0.2):
        now = round(room.clock.time() * 1e9)
        room.tracing.tracer.start_span("dated", start_time=now + 5_000).end(now + 2_005_000)

    shape = room.shapes()[1]
    assert shape.duration == pytest.approx(2_000_000, abs=500)


def test_a_sampled_trace_exports_each_span_when_it_ends() -> None:
    """However many spans a long request has, all of a sampled one go out, and none waits for its end."""
    room = Room(1.0)

    with room.request(0.01):
        for _ in range(3 * MOST_SPANS):
            with room.tracing.tracer.start_as_current_span("SELECT"):
                pass
        assert len(room.exported()) == 3 * MOST_SPANS

    assert len(room.exported()) == 1 + 3 * MOST_SPANS
    assert len(room.tracing.recent.find(Wanted(), 1)[0].spans) == 1 + MOST_SPANS


def test_a_stepped_wall_clock_bends_no_trace() -> None:
    """Spans keep their distances, and later requests are dated by the new time."""
    room = Room(1.0)
    with room.request(0.01), room.tracing.tracer.start_as_current_span("first"):
        room.clock.step(3_600.0)
    with room.request(0.01):
        pass

    server, first, later = room.exported()
    assert (server.start_time or 0) <= (first.start_time or 0) < (server.end_time or 0)
    assert (later.start_time or 0) - (server.start_time or 0) > 3_000_000_000_000
