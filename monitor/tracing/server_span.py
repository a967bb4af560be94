"""The server span of a head-sampled request: a real one, ended by the kit's own clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import (
    NoOpTracer,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    get_current_span,
    set_span_in_context,
)

from monitor.tracing.request_trace import Ending
from monitor.tracing.spans import ALLOWED, ERROR_TYPE, Facts


class ServerSpan(Span):
    """Hands on to a real span what may be exported, and leaves its end to the middleware.

    OpenTelemetry's ASGI instrumentation ends its span with readings of its own, sets the raw
    path and address on it, and quotes exceptions. Behind this face it cannot.
    """

    __slots__ = ("_span",)
    kind = SpanKind.SERVER

    def __init__(self, span: Span) -> None:
        self._span = span

    def get_span_context(self) -> SpanContext:
        return self._span.get_span_context()

    def is_recording(self) -> bool:
        return self._span.is_recording()

    def set_attribute(self, key: str, value: Any) -> None:
        if key in ALLOWED:
            self._span.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Do nothing: the status follows from how the request ends."""

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,  # noqa: ARG002 - the API's
        timestamp: int | None = None,  # noqa: ARG002 - the API's
        escaped: bool = False,  # noqa: ARG002, FBT001, FBT002 - the API's
    ) -> None:
        """Note the exception's class; its message and traceback may quote personal data."""
        self.set_attribute(ERROR_TYPE, type(exception).__qualname__)

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Do nothing: events are never exported, for nobody vouches for their text."""

    def update_name(self, name: str) -> None:
        """Do nothing: the name is the method and the route's template."""

    def end(self, end_time: int | None = None) -> None:
        """Do nothing: the middleware ends the span with the readings that the metric has."""

    def finish(self, name: str, attributes: Mapping[str, Any], end_time: int, *, failed: bool) -> None:
        """Name the span, set what is known of the request and end it."""
        span = self._span
        span.update_name(name)
        span.set_attributes(attributes)
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end(end_time)


class SampledTrace:
    """The trace of a head-sampled request, from its server span on.

    Attributes:
        sampled: True; the head has decided.
        span: The server span.
        spans: The trace's finished spans; it grows as they end.
    """

    __slots__ = ("_above", "_finished", "_started", "span", "spans")
    sampled = True

    def __init__(
        self,
        span: Span,
        context: Context,
        started: int,
        spans: Sequence[object],
        finished: Callable[[SampledTrace, Facts, float], None],
    ) -> None:
        self.span = ServerSpan(span)
        self.spans = spans
        self._above = context
        self._started = started
        self._finished = finished

    @property
    def id(self) -> int:
        return self.span.get_span_context().trace_id

    @property
    def span_id(self) -> int:
        return self.span.get_span_context().span_id

    @property
    def trace_id(self) -> str:
        return f"{self.id:032x}"

    @property
    def hex_span_id(self) -> str:
        return f"{self.span_id:016x}"

    @property
    def context(self) -> Context:
        return set_span_in_context(self.span, self._above)

    def finish(self, ending: Ending, *, may_be_slow: bool = True) -> bool:  # noqa: ARG002 - the head has decided
        facts = Facts.of(ending)
        ended = self._started + round(facts.seconds * 1e9)
        self.span.finish(facts.span_name, facts.attributes(), ended, failed=facts.error_type is not None)
        self._finished(self, facts, ending.ended)
        return True


class CurrentServerSpan(NoOpTracer):
    """The tracer that OpenTelemetry's ASGI instrumentation gets: its server span is the one already begun."""

    def start_span(
        self,
        name: str,  # noqa: ARG002 - it holds the raw path
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,  # noqa: ARG002 - the API's
        attributes: Any = None,  # noqa: ARG002 - they are set again on the running span
        links: Sequence[Any] | None = None,  # noqa: ARG002 - the API's
        start_time: int | None = None,  # noqa: ARG002 - the API's
        record_exception: bool = True,  # noqa: ARG002, FBT001, FBT002 - the API's
        set_status_on_exception: bool = True,  # noqa: ARG002, FBT001, FBT002 - the API's
    ) -> Span:
        return get_current_span(context)
