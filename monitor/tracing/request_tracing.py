"""Begins the trace of each request: sampled for good, or noted until it is known how it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import getrandbits

from opentelemetry.baggage import set_baggage
from opentelemetry.context import Context
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.metrics import NoOpMeter
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, set_span_in_context
from starlette.types import ASGIApp

from monitor.tracing.flight_record import FlightRecord, Keeper, Shelf
from monitor.tracing.live_traces import LiveTraces
from monitor.tracing.observer import TraceDecision, TraceObserver
from monitor.tracing.request_trace import RequestTrace
from monitor.tracing.sampling import HeadSampler, Propagation
from monitor.tracing.server_span import CurrentServerSpan, SampledTrace
from monitor.tracing.spans import Facts

# Begins the SDK's server span: trace id, the context of its parent, start in nanoseconds.
StartServerSpan = Callable[[int, Context, int], Span]


class RequestTraces:
    """What the performance middleware begins traces with.

    Args:
        sampler: Decides on requests that come without a caller's decision.
        propagation: Reads the caller's headers.
        keeper: Decides on flight records.
        start_server_span: Begins real server spans.
        live: Where the real spans of each trace under way are collected.
        shelf: Takes every sampled trace.
        observer: Is told every decision to sample.
    """

    def __init__(
        self,
        *,
        sampler: HeadSampler,
        propagation: Propagation,
        keeper: Keeper,
        start_server_span: StartServerSpan,
        live: LiveTraces,
        shelf: Shelf,
        observer: TraceObserver,
    ) -> None:
        self._samples = sampler.samples
        self._propagation = propagation
        self._keeper = keeper
        self._start_server_span = start_server_span
        self._live = live
        self._shelf = shelf
        self._decided = observer.decided

    def begin(self, headers: Mapping[bytes, bytes], started: float) -> RequestTrace:
        """Begin the trace of a request; the caller's own decision on sampling is respected."""
        parent = self._propagation.parent(headers) if b"traceparent" in headers else None
        if parent is None:
            trace_id = getrandbits(128) or 1
            sampled = self._samples(trace_id)
        else:
            trace_id = parent.trace_id
            sampled = parent.trace_flags.sampled
        if sampled:
            return self._sampled(headers, trace_id, parent, started)
        record = FlightRecord(self._keeper, trace_id, parent, started)
        if b"baggage" in headers:
            record.above = self._with_baggage(headers, Context())
        return record

    def _sampled(
        self, headers: Mapping[bytes, bytes], trace_id: int, parent: SpanContext | None, started: float
    ) -> SampledTrace:
        epoch = self._keeper.epoch
        epoch.refresh()
        date = epoch.nanoseconds(started)
        above = Context() if parent is None else set_span_in_context(NonRecordingSpan(parent), Context())
        span = self._start_server_span(trace_id, above, date)
        context = self._with_baggage(headers, Context())
        return SampledTrace(span, context, date, self._live.spans_of(trace_id), self._finished)

    def _with_baggage(self, headers: Mapping[bytes, bytes], context: Context) -> Context:
        for key, value in self._propagation.baggage(headers).items():
            context = set_baggage(key, value, context)
        return context

    def _finished(self, trace: SampledTrace, facts: Facts, ended: float) -> None:
        if facts.error_type is not None or facts.seconds > self._keeper.slow_s or self._shelf.lets_in(ended):
            self._shelf.add(facts, trace.spans)
        self._decided(TraceDecision.SAMPLED)

    def instrument(self, app: ASGIApp) -> ASGIApp:
        """Return `app` behind OpenTelemetry's ASGI instrumentation, without its receive and send spans."""
        instrumented: ASGIApp = OpenTelemetryMiddleware(
            app,
            default_span_details=_no_details,
            tracer=CurrentServerSpan(),
            meter=NoOpMeter("monitor"),
            exclude_spans=["receive", "send"],
        )
        return instrumented


def _no_details(_: object) -> tuple[str, dict[str, object]]:
    # The span has its name from the route's template; the default would be made of the raw path.
    return "", {}
