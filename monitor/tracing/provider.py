"""Joins the tracing room."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from monitor.clock import Clock
from monitor.extras import needed_for
from monitor.networks import Networks
from monitor.tracing.begin_request import RequestTraces
from monitor.tracing.export_queue import ExportQueue
from monitor.tracing.flight_record import FlightRecord, Keeper
from monitor.tracing.flight_span import ChildSpan
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

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from monitor.tracing.otlp_http import Sender

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
    if exporter is not None:
        with needed_for("exporter", "otlp"):
            from monitor.tracing.sdk_exporter import send_to_exporter  # noqa: PLC0415 - nothing else needs the SDK

        send = send_to_exporter(exporter, read, service.attributes())
        queue = ExportQueue(send, observer, clock=clock, close=exporter.shutdown)
    elif sender is not None or endpoint is not None:
        with needed_for("otlp_endpoint", "otlp"):
            from monitor.tracing.otlp_exporter import send_to_receiver  # noqa: PLC0415 - nor an HTTP client
            from monitor.tracing.otlp_http import OtlpSender  # noqa: PLC0415 - the same

        sender = sender or OtlpSender(endpoint or "", clock=clock)
        send = send_to_receiver(sender, read, service.attributes())
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


def _read(span: object, epoch: WallClock) -> ReadSpan | None:
    """Return what may leave of a span; None while it runs."""
    if not isinstance(span, ChildSpan | FlightRecord):
        raise TypeError(type(span).__name__)
    return None if span.ended is None else read_span(span, epoch)
