"""The spans of a request that the head did not sample, kept until it is known how it ends.

When the request turns out slow or failed its spans are exported like sampled ones (tail
decision inside the process, as a flight recorder is read only after an incident);
otherwise they are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from opentelemetry.trace import SpanContext, SpanKind, TraceFlags, TraceState, set_span_in_context

from monitor.tracing.epoch import Epoch
from monitor.tracing.flight_span import FlightSpan
from monitor.tracing.observer import TraceDecision, TraceObserver
from monitor.tracing.request_trace import Ending
from monitor.tracing.spans import Facts

MOST_SPANS = 128

_ROOT_FLAGS = TraceFlags(TraceFlags.RANDOM_TRACE_ID)
_NO_STATE = TraceState()


class Shelf(Protocol):
    """Where traces lie for the operators to read; `RecentTraces` is one."""

    def add(self, facts: Facts, decision: TraceDecision, spans: Sequence[object]) -> None:
        """Lay a trace on the shelf; spans may still be added to the sequence."""
        ...


class Keeper:
    """Decides late, when a request has ended, whether its flight record is exported.

    Args:
        slow_s: A request that took longer is slow.
        export: Takes finished spans to be exported; never blocks.
        shelf: Takes every trace, kept or not.
        observer: Is told every decision.
        epoch: Dates the spans.
        scope: The instrumentation scope of server spans.
    """

    def __init__(
        self,
        *,
        slow_s: float,
        export: Callable[[Sequence[FlightSpan]], None],
        shelf: Shelf,
        observer: TraceObserver,
        epoch: Epoch,
        scope: object,
    ) -> None:
        self.slow_s = slow_s
        self.export = export
        self.shelf = shelf
        self.observer = observer
        self.epoch = epoch
        self.scope = scope

    def decide(self, record: FlightRecord, ending: Ending, *, may_be_slow: bool) -> bool:
        """Export the record if its request failed or was slow, and say whether."""
        if ending.error_type is not None:
            decision = TraceDecision.KEPT_FAILED
        elif may_be_slow and ending.ended - ending.started > self.slow_s:
            decision = TraceDecision.KEPT_SLOW
        else:
            decision = TraceDecision.DROPPED
        record.kept = kept = decision is not TraceDecision.DROPPED
        record.facts = facts = Facts.of(ending)
        if kept:
            # Spans still open are exported when they end.
            self.export([span for span in record.spans if span.ended is not None])
        self.shelf.add(facts, decision, record.spans)
        self.observer.decided(decision)
        return kept


class FlightRecord:
    """The trace of one request, in the cheapest form that can still become a real one.

    Attributes:
        sampled: False; the head has decided.
        id: The trace's id.
        flags: The flags that travel on to other services.
        trace_state: The caller's, handed on.
        spans: The server span first, then what ran below it.
        overflow: How many spans were not kept for want of room.
        kept: Whether the trace is exported; None while the request runs.
        facts: What is known of the request once it has ended.
        keeper: Who decides.
        context: The OpenTelemetry context in which the request runs.
    """

    __slots__ = ("context", "facts", "flags", "id", "keeper", "kept", "overflow", "spans", "trace_state")
    sampled = False

    def __init__(self, keeper: Keeper, trace_id: int, parent: SpanContext | None, started: float) -> None:
        self.keeper = keeper
        self.id = trace_id
        self.kept: bool | None = None
        self.facts: Facts | None = None
        self.overflow = 0
        if parent is None:
            self.flags, self.trace_state, parent_id = _ROOT_FLAGS, _NO_STATE, None
        else:
            self.flags, self.trace_state, parent_id = parent.trace_flags, parent.trace_state, parent.span_id
        root = FlightSpan(self, keeper.scope, "", SpanKind.SERVER, parent_id, started)
        self.spans = [root]
        self.context = set_span_in_context(root)

    @property
    def trace_id(self) -> str:
        return f"{self.id:032x}"

    @property
    def span_id(self) -> str:
        return f"{self.spans[0].span_id:016x}"

    def begin(
        self,
        scope: object,
        name: str,
        kind: SpanKind,
        parent: FlightSpan,
        attributes: dict[str, object] | None,
    ) -> FlightSpan | None:
        """Begin a span below `parent`; None once the record is forgotten or full."""
        if self.kept is False or len(self.spans) >= MOST_SPANS:
            self.overflow += 1
            return None
        span = FlightSpan(self, scope, name, kind, parent.span_id, self.keeper.epoch.monotonic(), attributes)
        self.spans.append(span)
        return span

    def finish(self, ending: Ending, *, may_be_slow: bool = True) -> bool:
        self.spans[0].ended = ending.ended
        return self.keeper.decide(self, ending, may_be_slow=may_be_slow)
