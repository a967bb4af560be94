"""Spans as plain values, dated and filtered: how a kept record leaves."""

from __future__ import annotations

from opentelemetry.trace import TraceFlags

from monitor.tracing.flight_record import FlightRecord
from monitor.tracing.flight_span import ChildSpan
from monitor.tracing.probability import ALWAYS, with_threshold
from monitor.tracing.spans import KIT, ReadLink, ReadSpan, allowed
from monitor.tracing.wall_clock import WallClock

_NANO = 1e9


def read_span(span: ChildSpan | FlightRecord, epoch: WallClock) -> ReadSpan:
    """Return the span as if it had been sampled: its flags say so, and its dates follow the server span's."""
    record = span.record
    start = epoch.nanoseconds(record.started) if record.date is None else record.date
    if isinstance(span, ChildSpan):
        start += round((span.started - record.started) * _NANO)
        name, scope, kind, failed = span.name, span.scope, span.kind, span.failed
        attributes = allowed(span.attributes) if span.attributes else {}
    else:
        facts, scope, kind = span.facts, KIT, span.kind
        name, attributes, failed = "", {}, False
        if facts is not None:
            name, attributes, failed = facts.span_name, facts.attributes(), facts.error_type is not None
    ended = span.started if span.ended is None else span.ended
    state = with_threshold(record.trace_state, ALWAYS) if record.whole else record.trace_state
    return ReadSpan(
        record.id,
        span.span_id,
        span.parent_id,
        span.parent_id is not None and span.parent_id == record.parent_id,
        record.flags | TraceFlags.SAMPLED,
        state.to_header() if state else "",
        name,
        kind.value,
        start,
        start + round((ended - span.started) * _NANO),
        failed,
        attributes,
        scope,
        tuple(
            ReadLink(link.trace_id, link.span_id, int(link.trace_flags), link.is_remote)
            for link in span.links
        ),
    )
