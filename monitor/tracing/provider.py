"""Joins the tracing room; the only place that meets OpenTelemetry's SDK."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    get_current_span,
)

from monitor.clock import Clock
from monitor.tracing.epoch import Epoch
from monitor.tracing.export_queue import ExportQueue
from monitor.tracing.flight_record import FlightRecord, Keeper
from monitor.tracing.flight_span import ChildSpan
from monitor.tracing.landing import land
from monitor.tracing.live_traces import LiveTraces
from monitor.tracing.observer import TraceObserver
from monitor.tracing.otlp import encode, encode_resource
from monitor.tracing.otlp_http import OtlpSender, Sender
from monitor.tracing.recent import RecentTraces
from monitor.tracing.request_tracing import RequestTraces
from monitor.tracing.sampling import HeadSampler, Propagation
from monitor.tracing.service import Service as Service
from monitor.tracing.spans import ERROR_TYPE, KIT, ReadSpan, Scope, Value, allowed
from monitor.tracing.tracer import KitTracer, KitTracerProvider
from monitor.tracing.tracing import Tracing as Tracing

_LONGEST, _MOST = 256, 64  # stated here, or the SDK reads them from the environment
_SAMPLED, _DROPPED = SamplingResult(Decision.RECORD_AND_SAMPLE), SamplingResult(Decision.DROP)


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
        sender: Takes OTLP requests in place of the HTTP sender that `endpoint` stands for.
        exporter: One of the SDK's exporters in place of OTLP, for other destinations.
    """
    # Not Resource.create: that reads the environment, and settings have one home.
    epoch, live, resource = Epoch(clock), LiveTraces(), Resource(service.attributes())
    read = partial(_read, epoch=epoch)
    shelf = RecentTraces(recent, slow_s, read)
    queue = None
    if sender is None and endpoint is not None:
        sender = OtlpSender(endpoint)
    if exporter is not None:
        send = partial(_send_to_exporter, exporter, read, resource)
        queue = ExportQueue(send, observer, close=exporter.shutdown)
    elif sender is not None:
        send = partial(_send_otlp, sender, read, encode_resource(service.attributes()))
        queue = ExportQueue(send, observer, close=sender.close)
    put = _forget if queue is None else queue.put
    sdk = _sdk_provider(resource, ratio, _Finished(put, live))

    def make(name: str, version: str | None, schema: str | None) -> KitTracer:
        scope = Scope(name, version or "", schema or "")
        return KitTracer(sdk.get_tracer(name, version, schema), scope, epoch)

    requests = RequestTraces(
        sampler=HeadSampler(ratio),
        propagation=Propagation(baggage_keys),
        keeper=Keeper(slow_s=slow_s, export=put, shelf=shelf, observer=observer, epoch=epoch),
        start_server_span=_server_span_starter(sdk),
        live=live,
        shelf=shelf,
        observer=observer,
    )
    return Tracing(KitTracerProvider(make), requests, shelf, queue)


def _forget(_: Sequence[object]) -> None:
    """Without an exporter spans are only read from memory."""


def _send_otlp(
    sender: Sender, read: Callable[[object], ReadSpan | None], resource: bytes, batch: Sequence[object]
) -> bool:
    spans = [span for span in map(read, batch) if span is not None]
    with suppress_instrumentation():
        return sender.send(encode(spans, resource))


def _send_to_exporter(
    exporter: SpanExporter,
    read: Callable[[object], ReadSpan | None],
    resource: Resource,
    batch: Sequence[object],
) -> bool:
    spans = [_readable(span, resource) for span in map(read, batch) if span is not None]
    with suppress_instrumentation():
        return exporter.export(spans) is SpanExportResult.SUCCESS


def _read(span: object, epoch: Epoch) -> ReadSpan | None:
    """Return what may leave of a span of either kind; None while it runs."""
    if isinstance(span, ChildSpan | FlightRecord):
        return None if span.ended is None else land(span, epoch)
    if not isinstance(span, ReadableSpan) or span.context is None:
        raise TypeError(type(span).__name__)
    context, parent, scope = span.context, span.parent, span.instrumentation_scope
    return ReadSpan(
        context.trace_id,
        context.span_id,
        None if parent is None else parent.span_id,
        parent is not None and parent.is_remote,
        context.trace_flags,
        context.trace_state.to_header() if context.trace_state else "",
        span.name,
        span.kind.value,
        span.start_time or 0,
        span.end_time or 0,
        span.status.status_code is StatusCode.ERROR,
        _allowed_of(span),
        KIT if scope is None else Scope(scope.name, scope.version or "", scope.schema_url or ""),
    )


def _allowed_of(span: ReadableSpan) -> dict[str, Value]:
    attributes = allowed(span.attributes or {})
    for event in span.events:
        # Of an exception only its class may leave; its message and traceback quote what was worked on.
        if event.attributes and "exception.type" in event.attributes:
            attributes.setdefault(ERROR_TYPE, str(event.attributes["exception.type"]))
    return attributes


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
    )


class _HandedIds(RandomIdGenerator):
    """Random ids, save that the next trace id may be handed over: the head decided by it."""

    def __init__(self) -> None:
        self._next = threading.local()

    def hand(self, trace_id: int) -> None:
        self._next.trace_id = trace_id

    def generate_trace_id(self) -> int:
        handed: int | None = self._next.__dict__.pop("trace_id", None)
        return super().generate_trace_id() if handed is None else handed


class _ParentOrRatio(Sampler):
    """ParentBased(TraceIdRatioBased(ratio)) with its usual answers made in advance: every span asks it."""

    def __init__(self, ratio: float) -> None:
        self._samples = HeadSampler(ratio).samples

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,  # noqa: ARG002 - the SDK's
        kind: SpanKind | None = None,  # noqa: ARG002 - the SDK's
        attributes: Any = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002 - the SDK's
        trace_state: TraceState | None = None,  # noqa: ARG002 - the SDK's
    ) -> SamplingResult:
        parent = get_current_span(parent_context).get_span_context()
        sampled = parent.trace_flags.sampled if parent.is_valid else self._samples(trace_id)
        if not sampled:
            return _DROPPED
        if not (attributes or parent.trace_state):
            return _SAMPLED
        return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, parent.trace_state)

    def get_description(self) -> str:
        return "ParentOrRatio"


def _sdk_provider(resource: Resource, ratio: float, processor: SpanProcessor) -> TracerProvider:
    provider = TracerProvider(
        sampler=_ParentOrRatio(ratio),
        resource=resource,
        shutdown_on_exit=False,
        id_generator=_HandedIds(),
        span_limits=SpanLimits(
            max_attributes=_MOST,
            max_span_attributes=_MOST,
            max_event_attributes=_MOST,
            max_link_attributes=_MOST,
            max_events=_MOST,
            max_links=_MOST,
            max_attribute_length=_LONGEST,
            max_span_attribute_length=_LONGEST,
        ),
        meter_provider=NoOpMeterProvider(),
    )
    provider.add_span_processor(processor)
    return provider


def _server_span_starter(provider: TracerProvider) -> Callable[[int, Context, int], Span]:
    tracer, ids = provider.get_tracer(KIT.name), provider.id_generator

    def start(trace_id: int, above: Context, date: int) -> Span:
        if not above and isinstance(ids, _HandedIds):
            ids.hand(trace_id)
        return tracer.start_span("HTTP", context=above, kind=SpanKind.SERVER, start_time=date)

    return start


class _Finished(SpanProcessor):
    """Hands finished spans to the exporter and to the operators' shelf."""

    def __init__(self, put: Callable[[Sequence[object]], None], live: LiveTraces) -> None:
        self._put = put
        self._live = live

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self._put((span,))
            self._live.ended(span.context.trace_id, span)
