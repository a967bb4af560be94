"""The kit's tracer keeps the promises of OpenTelemetry's API over both kinds of span."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
    use_span,
)

from tests.monitor.tracing.room import Room


@pytest.fixture(params=[0.0, 1.0], ids=["unsampled", "sampled"])
def room(request: pytest.FixtureRequest) -> Room:
    """Both kinds of span."""
    return Room(request.param)


def names(room: Room) -> list[tuple[str, str | None]]:
    return [(shape.name, shape.parent) for shape in room.shapes()]


def test_the_current_span_is_the_innermost(room: Room) -> None:
    """Inside the block the span is current, after it the one above is again."""
    with room.request(0.5):
        server = get_current_span()
        with room.tracing.tracer.start_as_current_span("outer") as outer:
            assert get_current_span() is outer
            with room.tracing.tracer.start_as_current_span("inner") as inner:
                assert get_current_span() is inner
            assert get_current_span() is outer
        assert get_current_span() is server

    assert not get_current_span().get_span_context().is_valid


async def test_tasks_at_once_nest_under_their_own_parents(room: Room) -> None:
    """Concurrent work of one request does not mix its spans."""

    async def work(number: int) -> None:
        with room.tracing.tracer.start_as_current_span(f"outer {number}"):
            await asyncio.sleep(0)
            with room.tracing.tracer.start_as_current_span(f"inner {number}"):
                await asyncio.sleep(0)

    with room.request(0.5):
        await asyncio.gather(*(work(number) for number in range(5)))

    parents = dict(names(room))
    assert [parents[f"inner {number}"] for number in range(5)] == [f"outer {number}" for number in range(5)]


async def test_it_decorates_functions_and_coroutines(room: Room) -> None:
    """Each call of a decorated function has a span of its own, that ends when the call does."""
    tracer = room.tracing.tracer

    @tracer.start_as_current_span("plain")
    def plain(x: int) -> int:
        return x + 1

    @tracer.start_as_current_span("waiting")
    async def waiting(x: int) -> int:
        await asyncio.sleep(0)
        room.clock.advance(0.5)
        return x + 1

    with room.request(0.5):
        assert (plain(1), plain(2)) == (2, 3)
        assert await waiting(3) == 4

    shapes = {shape.name: shape for shape in room.shapes()}
    assert sorted(name for name, _ in names(room))[1:] == ["plain", "plain", "waiting"]
    assert shapes["waiting"].duration == 500_000_000


def test_an_exception_marks_the_span_and_goes_on(room: Room) -> None:
    """The span has the exception's class; whoever called gets the exception."""
    with room.request(0.5):
        with pytest.raises(KeyError), room.tracing.tracer.start_as_current_span("failing"):
            raise KeyError
        with (
            pytest.raises(KeyError),
            room.tracing.tracer.start_as_current_span("own", record_exception=False),
        ):
            raise KeyError
        with pytest.raises(asyncio.CancelledError), room.tracing.tracer.start_as_current_span("left"):
            raise asyncio.CancelledError

    shapes = {shape.name: shape for shape in room.shapes()}
    assert (shapes["failing"].status, shapes["failing"].attributes) == (
        StatusCode.ERROR,
        {"error.type": "KeyError"},
    )
    assert shapes["own"].status is shapes["left"].status is StatusCode.UNSET


def test_a_span_may_outlive_its_block(room: Room) -> None:
    """With `end_on_exit` off the caller ends the span."""
    with room.request(0.5):
        with room.tracing.tracer.start_as_current_span("open", end_on_exit=False) as span:
            pass
        assert span.is_recording()
        room.clock.advance(0.25)
        span.end()

    assert ("open", "GET /contacts/{contact_id}") in names(room)


def test_another_librarys_spans_are_kept_too(room: Room) -> None:
    """An instrumentation that takes the provider has its own scope, and its attributes pass the gate."""
    library = room.tracing.provider.get_tracer("some.library", "4.2", "https://schema")

    with room.request(0.5), library.start_as_current_span("HGET", kind=SpanKind.CLIENT) as span:
        span.set_attributes({"db.system.name": "redis", "db.statement": "HGET Ann"})
        span.record_exception(ValueError("Ann"))

    shape = room.shapes()[1]
    assert (shape.name, shape.kind) == ("HGET", SpanKind.CLIENT)
    assert shape.attributes["db.system.name"] == "redis"
    assert "Ann" not in str(shape)
    scope: Any = shape.scope
    assert (scope.name, scope.version, scope.schema_url) == ("some.library", "4.2", "https://schema")


def test_spans_outside_requests_are_sampled_by_the_ratio(room: Room) -> None:
    """Work that no request asked for begins a trace of its own, sampled or not at its head."""
    with room.tracing.tracer.start_as_current_span("poll") as span:
        sampled = span.is_recording()

    assert len(room.exported()) == int(sampled)


def test_an_explicit_context_is_the_parent(room: Room) -> None:
    """A span begun under an empty context is no part of the running request."""
    with room.request(0.5):
        apart = room.tracing.tracer.start_span("apart", Context())
        apart.end()

    assert ("apart", "GET /contacts/{contact_id}") not in names(room)


def test_the_server_span_is_the_middlewares_own(room: Room) -> None:
    """Code inside a request can read the server span and add what is allowed; name and end stay."""
    with room.request(0.5):
        server = get_current_span()
        assert server.is_recording()
        server.update_name("/contacts/Ann")
        server.set_status(StatusCode.ERROR, "Ann")
        server.add_event("Ann")
        server.set_attribute("url.path", "/contacts/Ann")
        server.set_attributes({"url.query": "Ann"})
        server.end()
        assert server.is_recording()

    (shape,) = room.shapes()
    assert (shape.name, shape.duration) == ("GET /contacts/{contact_id}", 500_000_000)
    assert "Ann" not in str(shape)


def test_work_behind_no_request_follows_its_callers_decision(room: Room) -> None:
    """A job that a sampled caller asked for is exported below it with all that it does; another's is not."""
    for flags, sampled in ((TraceFlags.SAMPLED, True), (TraceFlags.DEFAULT, False)):
        caller = SpanContext(7 + flags, 9, is_remote=True, trace_flags=TraceFlags(flags))
        context = set_span_in_context(NonRecordingSpan(caller), Context())
        job = room.tracing.tracer.start_span("job", context)
        room.clock.advance(0.001)
        with use_span(job, end_on_exit=True), room.tracing.tracer.start_as_current_span("SELECT") as query:
            assert (job.is_recording(), query.is_recording()) == (sampled, sampled)
            assert query.get_span_context().trace_id == caller.trace_id

    job_span, query_span = room.exported()
    assert job_span.parent is not None
    assert query_span.parent is not None
    assert (job_span.parent.span_id, job_span.parent.is_remote) == (9, True)
    assert job_span.context is not None
    assert (query_span.parent.span_id, query_span.parent.is_remote) == (job_span.context.span_id, False)
