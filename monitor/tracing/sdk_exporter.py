"""Sends spans through one of OpenTelemetry's own exporters; the only place that meets its SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from monitor.tracing.delivery import Delivery
from monitor.tracing.spans import AttributeValue, ReadSpan


def send_to_exporter(
    exporter: SpanExporter,
    read: Callable[[object], ReadSpan | None],
    attributes: Mapping[str, AttributeValue],
) -> Callable[[Sequence[object]], Delivery]:
    """Return what delivers a batch of finished spans to `exporter`.

    Args:
        exporter: One of the SDK's.
        read: Reads what may leave of a span; None while it runs.
        attributes: Of the resource.
    """
    # Not Resource.create: that reads the environment, and settings have one home.
    resource = Resource(attributes)

    def send(batch: Sequence[object]) -> Delivery:
        spans = [readable(span, resource) for span in map(read, batch) if span is not None]
        with suppress_instrumentation():
            result = exporter.export(spans)
        return Delivery(result is SpanExportResult.SUCCESS, reason=result.name.lower())

    return send


def readable(span: ReadSpan, resource: Resource) -> ReadableSpan:
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
