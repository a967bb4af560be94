"""Joins the tracing room; the only place that meets OpenTelemetry's SDK."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.sdk.version import __version__ as sdk_version
from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags, Tracer

from monitor.clock import Clock
from monitor.tracing.epoch import Epoch
from monitor.tracing.export_queue import ExportQueue
from monitor.tracing.flight_record import Keeper
from monitor.tracing.flight_span import FlightSpan
from monitor.tracing.live_traces import LiveTraces
from monitor.tracing.observer import TraceObserver
from monitor.tracing.recent import ReadSpan, RecentTraces
from monitor.tracing.request_tracing import RequestTraces
from monitor.tracing.sampling import HeadSampler, Propagation
from monitor.tracing.spans import ERROR_TYPE, allowed
from monitor.tracing.tracer import KitTracer, KitTracerProvider

SCOPE = "monitor"
_ERROR, _UNSET = Status(StatusCode.ERROR), Status(StatusCode.UNSET)
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Service:
    """Who sends the spans; the resource of each of them."""

    name: str
    version: str
    environment: str
    instance: str = ""

    def resource(self) -> Resource:
        # Not Resource.create: that reads the environment, and settings have one home.
        return Resource(
            {
                "service.name": self.name,
                "service.version": self.version,
                "service.instance.id": self.instance,
                "deployment.environment.name": self.environment,
                "telemetry.sdk.language": "python",
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": sdk_version,
            }
        )


class Tracing:
    """The tracing room.

    Attributes:
        tracer: For the cache, the database and the service's own spans.
        provider: Gives tracers to other instrumented libraries.
        requests: For the performance middleware.
        recent: The last traces, for operators.
    """

    def __init__(
        self,
        provider: KitTracerProvider,
        requests: RequestTraces,
        recent: RecentTraces,
        queue: ExportQueue | None,
    ) -> None:
        self.tracer: Tracer = provider.get_tracer(SCOPE)
        self.provider = provider
        self.requests = requests
        self.recent = recent
        self._queue = queue

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Export what waits and say whether all went out; blocks."""
        return self._queue is None or self._queue.flush(timeout_s)

    async def aclose(self, timeout_s: float = 2.0) -> None:
        """Export what waits, off the event loop and no longer than `timeout_s`, and stop."""
        if self._queue is not None:
            await asyncio.to_thread(self._queue.close, timeout_s)


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
        exporter: In place of the OTLP exporter, for tests and other destinations.
    """
    epoch, live, resource = Epoch(clock), LiveTraces(), service.resource()
    read = _Reading(epoch, resource)
    shelf = RecentTraces(recent, slow_s, read.plain)
    if exporter is None and endpoint is not None:
        exporter = _otlp_exporter(endpoint)
    queue = (
        None if exporter is None else ExportQueue(_sender(exporter, read), observer, close=exporter.shutdown)
    )
    put = _forget if queue is None else queue.put
    sdk = _sdk_provider(resource, ratio, _Finished(put, live))

    def make(name: str, version: str | None, schema: str | None) -> KitTracer:
        scope = InstrumentationScope(name, version or "", schema)
        return KitTracer(sdk.get_tracer(name, version, schema), scope, epoch)

    keeper = Keeper(
        slow_s=slow_s,
        export=put,
        shelf=shelf,
        observer=observer,
        epoch=epoch,
        scope=InstrumentationScope(SCOPE, ""),
    )
    requests = RequestTraces(
        sampler=HeadSampler(ratio),
        propagation=Propagation(baggage_keys),
        keeper=keeper,
        start_server_span=_server_span_starter(sdk),
        live=live,
    )
    return Tracing(KitTracerProvider(make), requests, shelf, queue)


def _forget(_: Sequence[object]) -> None:
    """Without an exporter spans are only read from memory."""


def _otlp_exporter(endpoint: str) -> OTLPSpanExporter:
    address = endpoint.rstrip("/")
    if not address.endswith("/v1/traces"):
        address += "/v1/traces"
    return OTLPSpanExporter(endpoint=address, timeout=10, compression=Compression.Gzip)


def _sender(exporter: SpanExporter, read: _Reading) -> Callable[[Sequence[object]], bool]:
    def send(batch: Sequence[object]) -> bool:
        with suppress_instrumentation():
            return exporter.export([read.readable(span) for span in batch]) is SpanExportResult.SUCCESS

    return send


class _HandedIds(RandomIdGenerator):
    """Random ids, save that the next trace id may be handed over: the head decided by it."""

    def __init__(self) -> None:
        self._next = threading.local()

    def hand(self, trace_id: int) -> None:
        self._next.trace_id = trace_id

    def generate_trace_id(self) -> int:
        handed: int | None = self._next.__dict__.pop("trace_id", None)
        return super().generate_trace_id() if handed is None else handed


def _sdk_provider(resource: Resource, ratio: float, processor: SpanProcessor) -> TracerProvider:
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        resource=resource,
        shutdown_on_exit=False,
        id_generator=_HandedIds(),
        span_limits=SpanLimits(
            max_span_attributes=64,
            max_events=8,
            max_links=8,
            max_event_attributes=8,
            max_link_attributes=8,
            max_attributes=64,
            max_span_attribute_length=_LONGEST,
            max_attribute_length=_LONGEST,
        ),
        meter_provider=NoOpMeterProvider(),
    )
    provider.add_span_processor(processor)
    return provider


def _server_span_starter(provider: TracerProvider) -> Callable[[int, Context, int], Span]:
    tracer, ids = provider.get_tracer(SCOPE), provider.id_generator

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


class _Reading:
    """Makes what may be exported out of spans of either kind; runs on the exporter's thread."""

    def __init__(self, epoch: Epoch, resource: Resource) -> None:
        self._epoch = epoch
        self._resource = resource

    def readable(self, span: object) -> ReadableSpan:
        """Return the span as the SDK's exporters take it, with nothing but what is allowed."""
        if isinstance(span, FlightSpan):
            return self._landed(span)
        if isinstance(span, ReadableSpan):
            return _cleared(span)
        raise TypeError(type(span).__name__)

    def _landed(self, span: FlightSpan) -> ReadableSpan:
        record = span.record
        root = record.spans[0]
        start = self._epoch.nanoseconds(root.started) + round((span.started - root.started) * 1e9)
        ended = span.started if span.ended is None else span.ended
        name, attributes, failed = span.name, span.attributes or {}, span.failed
        if span is root and record.facts is not None:
            facts = record.facts
            name, attributes, failed = facts.span_name, facts.attributes(), facts.error_type is not None
        flags = TraceFlags(record.flags | TraceFlags.SAMPLED)
        return ReadableSpan(
            name=name,
            context=SpanContext(record.id, span.span_id, False, flags, record.trace_state),
            parent=None
            if span.parent_id is None
            else SpanContext(record.id, span.parent_id, span is root, flags, record.trace_state),
            resource=self._resource,
            attributes=allowed(attributes),
            kind=span.kind,
            status=_ERROR if failed else _UNSET,
            start_time=start,
            end_time=start + round((ended - span.started) * 1e9),
            instrumentation_scope=span.scope if isinstance(span.scope, InstrumentationScope) else None,
        )

    def plain(self, span: object) -> ReadSpan | None:
        """Return the span in plain values; None while it runs."""
        if isinstance(span, FlightSpan) and span.ended is None:
            return None
        read = self.readable(span)
        if read.context is None or read.start_time is None or read.end_time is None:
            return None
        return ReadSpan(
            trace_id=f"{read.context.trace_id:032x}",
            span_id=f"{read.context.span_id:016x}",
            parent_id=None if read.parent is None else f"{read.parent.span_id:016x}",
            name=read.name,
            kind=read.kind.name.lower(),
            started=read.start_time,
            ended=read.end_time,
            failed=not read.status.is_ok,
            attributes=allowed(read.attributes or {}),
        )


def _cleared(span: ReadableSpan) -> ReadableSpan:
    attributes = allowed(span.attributes or {})
    for event in span.events:
        # Of an exception only its class may leave; its message and traceback quote what was worked on.
        if event.attributes and "exception.type" in event.attributes:
            attributes.setdefault(ERROR_TYPE, str(event.attributes["exception.type"]))
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        kind=span.kind,
        status=_UNSET if span.status.is_ok else _ERROR,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
