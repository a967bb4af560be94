"""Joins the tracing room; the only place that meets OpenTelemetry's SDK."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from monitor.clock import Clock
from monitor.networks import Networks
from monitor.tracing.begin_request import RequestTraces
from monitor.tracing.delivery import Delivery
from monitor.tracing.export_queue import ExportQueue
from monitor.tracing.flight_record import FlightRecord, Keeper
from monitor.tracing.flight_span import ChildSpan
from monitor.tracing.otlp import encode, encode_resource
from monitor.tracing.otlp_http import OtlpSender, Sender
from monitor.tracing.propagation import Propagation
from monitor.tracing.recent import RecentTraces
from monitor.tracing.sampling import ForcedSampling, HeadSampler
from monitor.tracing.service import Service as Service
from monitor.tracing.span_export import read_span
from monitor.tracing.spans import ReadSpan, TracerScope
from monitor.tracing.trace_observer import TraceObserver
from monitor.tracing.tracer import KitTracer, KitTracerProvider
from monitor.tracing.tracing import Tracing as Tracing
from monitor.tracing.wall_clock import WallClock

_NOBODY = Networks()


def build_tracing(
    service: Service,
    *,
    clock: Clock,
    observer: TraceObserver,
    ratio: float,
    slow_s: float,
    endpoint: str | None = None,
    recent: int = 500,
    baggage_keys: frozenset[str] = frozenset(),
    trusted: Networks = _NOBODY,
    forced_per_s: float = 100.0,
    sender: Sender | None = None,
    exporter: SpanExporter | None = None,
) -> Tracing:
    """Build the tracing room.

    Args:
        service: The resource of every span.
        clock: Times and dates the spans.
        observer: Is told decisions, exports and losses.
        ratio: Share of requests sampled at the head, between 0 and 1.
        slow_s: Requests that took longer are exported in any case.
        endpoint: Base address of an OTLP receiver over HTTP, such as `http://collector:4318`;
            None: spans stay in memory.
        recent: How many ordinary traces, and how many slow and failed ones, operators can read.
        baggage_keys: W3C baggage that may pass through the service.
        trusted: Callers whose trace context is followed; anybody else's is kept as a link.
        forced_per_s: Most traces a second that are sampled because such a caller sampled them.
        sender: Takes OTLP requests in place of the HTTP sender that `endpoint` stands for.
        exporter: One of the SDK's exporters in place of OTLP, for other destinations.
    """
    epoch = WallClock(clock)
    read = partial(_read, epoch=epoch)
    shelf = RecentTraces(recent, slow_s, read)
    queue = None
    if sender is None and endpoint is not None:
        sender = OtlpSender(endpoint, clock=clock)
    if exporter is not None:
        # Not Resource.create: that reads the environment, and settings have one home.
        send = partial(_send_to_exporter, exporter, read, Resource(service.attributes()))
        queue = ExportQueue(send, observer, clock=clock, close=exporter.shutdown)
    elif sender is not None:
        send = partial(_send_otlp, sender, read, encode_resource(service.attributes()))
        queue = ExportQueue(send, observer, clock=clock, close=sender.close)
    put = _forget if queue is None else queue.put
    keeper = Keeper(slow_s=slow_s, export=put, shelf=shelf, observer=observer, epoch=epoch)
    sampler = HeadSampler(ratio)

    def make(name: str, version: str | None, schema: str | None) -> KitTracer:
        return KitTracer(keeper, sampler, TracerScope(name, version or "", schema or ""))

    requests = RequestTraces(
        sampler=sampler,
        propagation=Propagation(baggage_keys),
        keeper=keeper,
        trusted=trusted,
        forced=ForcedSampling(forced_per_s, clock),
    )
    return Tracing(KitTracerProvider(make), requests, shelf, queue)


def _forget(_: Sequence[object]) -> None:
    """Without an exporter spans are only read from memory."""


def _send_otlp(
    sender: Sender, read: Callable[[object], ReadSpan | None], resource: bytes, batch: Sequence[object]
) -> Delivery:
    spans = [span for span in map(read, batch) if span is not None]
    with suppress_instrumentation():
        return sender.send(encode(spans, resource))


def _send_to_exporter(
    exporter: SpanExporter,
    read: Callable[[object], ReadSpan | None],
    resource: Resource,
    batch: Sequence[object],
) -> Delivery:
    spans = [_readable(span, resource) for span in map(read, batch) if span is not None]
    with suppress_instrumentation():
        result = exporter.export(spans)
    return Delivery(result is SpanExportResult.SUCCESS, reason=result.name.lower())


def _read(span: object, epoch: WallClock) -> ReadSpan | None:
    """Return what may leave of a span; None while it runs."""
    if not isinstance(span, ChildSpan | FlightRecord):
        raise TypeError(type(span).__name__)
    return None if span.ended is None else read_span(span, epoch)


def _readable(span: ReadSpan, resource: Resource) -> ReadableSpan:
    """Return the span as the SDK's exporters take it."""
    flags, state = TraceFlags(span.flags), TraceState.from_header([span.trace_state])
    parent = None
    if span.parent_id is not None:
        parent = SpanContext(span.trace_id, span.parent_id, span.remote_parent, flags, state)
    return ReadableSpan(
        name=span.name,
        context=SpanContext(span.trace_id, span.span_id, False, flags, state),
        parent=parent,
        resource=resource,
        attributes=span.attributes,
        kind=SpanKind(span.kind),
        status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
        start_time=span.started,
        end_time=span.ended,
        instrumentation_scope=InstrumentationScope(*span.scope),
        links=[
            Link(SpanContext(link.trace_id, link.span_id, link.remote, TraceFlags(link.flags)))
            for link in span.links
        ],
    )
