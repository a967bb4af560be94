"""The tracer that the cache and the database take: OpenTelemetry's API over the kit's spans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import getrandbits
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    TraceFlags,
    Tracer,
    TracerProvider,
    get_current_span,
)

from monitor.tracing.current_span import CurrentSpan
from monitor.tracing.flight_record import FlightRecord, Keeper
from monitor.tracing.flight_span import FlightSpan
from monitor.tracing.sampling import HeadSampler
from monitor.tracing.spans import TracerScope
from monitor.tracing.wall_clock import WallClock

_NOT_SAMPLED = TraceFlags(TraceFlags.RANDOM_TRACE_ID)


class KitTracer(Tracer):
    """Begins spans in the running request's record, and elsewhere in traces that the head samples.

    Args:
        keeper: Takes the spans of requests that none runs for.
        sampler: Decides on traces that begin here.
        scope: The instrumentation scope.
    """

    def __init__(self, keeper: Keeper, sampler: HeadSampler, scope: TracerScope) -> None:
        self._keeper = keeper
        self._sampler = sampler
        self._scope = scope
        self.epoch: WallClock = keeper.epoch

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: ARG002, FBT001, FBT002 - the API's
        set_status_on_exception: bool = True,  # noqa: ARG002, FBT001, FBT002 - the API's
    ) -> Span:
        parent = get_current_span(context)
        parent_id: int | None
        if isinstance(parent, FlightSpan):
            record, parent_id = parent.record, parent.span_id
        else:
            above = parent.get_span_context()
            found = self._record_below(above if above.is_valid else None)
            if isinstance(found, SpanContext):
                return NonRecordingSpan(found)
            record, parent_id = found, found.parent_id
        span = record.begin(self._scope, name, kind, parent_id)
        if span is None:
            return NonRecordingSpan(parent.get_span_context())
        if attributes:
            span.set_attributes(attributes)
        for link in links or ():
            span.add_link(link.context)
        if start_time is not None:
            span.started = self.epoch.seconds(start_time)
        return span

    def _record_below(self, above: SpanContext | None) -> FlightRecord | SpanContext:
        """Begin a trace that no request of ours runs for; only its context where it is not sampled."""
        if above is None:
            trace_id = getrandbits(128) or 1
            sampled = self._sampler.samples(trace_id)
        else:
            trace_id, sampled = above.trace_id, above.trace_flags.sampled
        if sampled:
            record = FlightRecord(self._keeper, trace_id, above, self.epoch.monotonic(), sampled=True)
            if above is None:
                record.trace_state = self._sampler.state
            return record
        return above or SpanContext(trace_id, getrandbits(64) or 1, False, _NOT_SAMPLED)

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
        else:
            span = self.start_span(name, attributes=attributes, start_time=self.date(started))
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
