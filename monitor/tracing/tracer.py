"""The tracer that the cache and the database take: OpenTelemetry's API over both kinds of span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanKind,
    Tracer,
    TracerProvider,
    get_current_span,
)

from monitor.tracing.current_span import CurrentSpan
from monitor.tracing.epoch import Epoch
from monitor.tracing.flight_span import FlightSpan
from monitor.tracing.spans import Scope


class KitTracer(Tracer):
    """Begins real spans where the trace is sampled and flight spans where it is not yet decided.

    Args:
        sampled: The SDK's tracer.
        scope: The instrumentation scope.
        epoch: Dates the spans.
    """

    def __init__(self, sampled: Tracer, scope: Scope, epoch: Epoch) -> None:
        self._sampled = sampled
        self._scope = scope
        self.epoch = epoch

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002 - the API's
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002 - the API's
    ) -> Span:
        parent = get_current_span(context)
        if isinstance(parent, FlightSpan):
            span = parent.record.begin(self._scope, name, kind, parent)
            if span is None:
                return NonRecordingSpan(parent.get_span_context())
            if attributes:
                span.set_attributes(attributes)
            if start_time is not None:
                span.started = self.epoch.seconds(start_time)
            return span
        if start_time is None:
            start_time = self.epoch.nanoseconds(self.epoch.monotonic())
        return self._sampled.start_span(
            name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
        )

    def add_ended(self, name: str, attributes: dict[str, str], started: float, ended: float) -> None:
        """Add a span below the current one that is over, by monotonic readings in seconds.

        Args:
            name: Its name.
            attributes: Allowed ones only; they are shared, and never changed.
            started: When it began.
            ended: When it ended.
        """
        parent = get_current_span()
        if isinstance(parent, FlightSpan):
            parent.record.add(self._scope, name, attributes, parent, started, ended)
            return
        span = self._sampled.start_span(name, attributes=attributes, start_time=self.date(started))
        span.end(self.date(ended))

    def date(self, reading: float) -> int:
        """Return nanoseconds since the epoch for a monotonic reading in seconds."""
        return self.epoch.nanoseconds(reading)

    def start_as_current_span(  # type: ignore[override]  # noqa: PLR0917 - the API's; its return type is private
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002 - the API's
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002 - the API's
        end_on_exit: bool = True,  # noqa: FBT001, FBT002 - the API's
    ) -> CurrentSpan:
        return CurrentSpan(
            self,
            (name, context, kind, attributes, links, start_time),
            end=end_on_exit,
            mark=record_exception and set_status_on_exception,
        )


class KitTracerProvider(TracerProvider):
    """Gives a `KitTracer` to each instrumentation scope, so that other libraries' spans are kept late too.

    Args:
        make: Makes the tracer of a scope from its name, version and schema's address.
    """

    def __init__(self, make: Callable[[str, str | None, str | None], KitTracer]) -> None:
        self._make = make

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Any = None,  # noqa: ARG002 - the API's
    ) -> Tracer:
        return self._make(instrumenting_module_name, instrumenting_library_version, schema_url)
