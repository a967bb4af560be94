"""The trace of one request: kept for good where the head samples it, else until it is known how it ends.

A request that the head did not sample and that turns out slow or failed is exported like a
sampled one (a tail decision inside the process; a flight recorder, too, is read only after
an incident); otherwise its spans are forgotten. There is one kind of span for both, so the
two kinds of trace cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import getrandbits
from typing import Any, Protocol

from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags, TraceState, set_span_in_context

from monitor.tracing.flight_span import ChildSpan, FlightSpan
from monitor.tracing.request_trace import Ending
from monitor.tracing.spans import KIT, Facts, TracerScope
from monitor.tracing.trace_observer import TraceDecision, TraceObserver
from monitor.tracing.wall_clock import WallClock

MOST_SPANS = 128

_ROOT_FLAGS = TraceFlags(TraceFlags.RANDOM_TRACE_ID)
_SAMPLED_ROOT_FLAGS = TraceFlags(TraceFlags.RANDOM_TRACE_ID | TraceFlags.SAMPLED)
_KNOWN = TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID
_NO_STATE = TraceState()


class Shelf(Protocol):
    """Where traces lie for the operators to read; `RecentTraces` is one."""

    def lets_in(self, now: float) -> bool:
        """Say whether there is room for an ordinary trace that ended at `now`; asked once for each."""
        ...

    def add(self, facts: Facts, spans: Sequence[object], root: FlightRecord) -> None:
        """Lay a request's trace on the shelf; `spans` may still grow."""
        ...


class Keeper:
    """Decides late, when a request has ended, whether its flight record is exported.

    Args:
        slow_s: A request that took longer is slow.
        export: Takes finished spans to be exported; never blocks.
        shelf: Takes every trace, kept or not.
        observer: Is told every decision.
        epoch: Dates the spans.
    """

    def __init__(
        self,
        *,
        slow_s: float,
        export: Callable[[Sequence[FlightSpan]], None],
        shelf: Shelf,
        observer: TraceObserver,
        epoch: WallClock,
    ) -> None:
        self._slow_s = slow_s
        self.export = export
        self._shelf = shelf
        self._decided = observer.decided
        self.epoch = epoch

    def decide(self, record: FlightRecord, ending: Ending, *, may_be_slow: bool) -> bool:
        """Export the record if the head sampled it, or its request failed or was slow, and say whether."""
        slow = ending.ended - ending.started > self._slow_s
        if not (record.sampled or ending.error_type is not None or (slow and may_be_slow)):
            spans = record.forget()
            if self._shelf.lets_in(ending.ended):
                record.facts = facts = Facts.of(ending)
                self._shelf.add(facts, spans, record)
            self._decided(TraceDecision.DROPPED)
            return False
        facts = Facts.of(ending)
        self._keep(record, facts, whole=facts.error_type is not None or (slow and may_be_slow))
        if slow or facts.error_type is not None or self._shelf.lets_in(ending.ended):
            self._shelf.add(facts, record.spans, record)
        return True

    def _keep(self, record: FlightRecord, facts: Facts, *, whole: bool) -> None:
        record.facts, record.whole = facts, whole
        if record.sampled:
            # The spans below went out as they ended.
            self.export((record,))
            self._decided(TraceDecision.SAMPLED)
            return
        record.keep()
        # Spans still open are exported when they end.
        self.export((record, *(span for span in record.spans if span.ended is not None)))
        failed = facts.error_type is not None
        self._decided(TraceDecision.KEPT_FAILED if failed else TraceDecision.KEPT_SLOW)


class FlightRecord(FlightSpan):
    """The server span, and the book of the spans below it.

    It refers to nothing that refers back to it once it is forgotten, so that requests leave
    no work to the garbage collector.

    Attributes:
        sampled: Whether the head decided to sample the trace.
        id: The trace's id.
        flags: The flags that travel on to other services.
        trace_state: The caller's, handed on.
        spans: What ran below the server span, in order of its start.
        kept: Whether the trace is exported; None while that is not decided.
        whole: Whether it is kept for what happened, as all that are slow or failed: then it stands
            for itself alone, whatever share the head samples.
        date: Nanoseconds since the epoch at which a kept record began, for all its spans alike.
        facts: What is known of the request once it has ended.
        keeper: Who decides.
        above: The context above the server span; None: the current one.
    """

    __slots__ = (
        "above", "date", "facts", "flags", "id", "keeper", "kept", "sampled", "spans", "trace_state", "whole",
    )  # fmt: skip
    kind = SpanKind.SERVER

    trace_state: TraceState

    def __init__(
        self,
        keeper: Keeper,
        trace_id: int,
        parent: SpanContext | None,
        started: float,
        *,
        sampled: bool = False,
    ) -> None:
        self.keeper: Keeper = keeper
        self.id: int = trace_id
        self.span_id: int = getrandbits(64) or 1
        if parent is None:
            self.flags: TraceFlags = _SAMPLED_ROOT_FLAGS if sampled else _ROOT_FLAGS
            self.trace_state, self.parent_id = _NO_STATE, None
        else:
            # Bits that no version has named yet are not handed on (W3C Trace Context, 3.2.2.5).
            known = parent.trace_flags & _KNOWN
            self.flags = TraceFlags(known if sampled else known & ~TraceFlags.SAMPLED)
            self.trace_state = parent.trace_state
            self.parent_id = parent.span_id
        self.started = started
        self.ended = None
        self.failed = False
        self.attributes: dict[str, Any] | None = None
        self.facts: Facts | None = None
        self.kept: bool | None = None
        self.whole: bool = False
        self.links: tuple[SpanContext, ...] = ()
        self.date: int | None = None
        self.spans: list[ChildSpan] = []
        self.above: Context | None = None
        self._context = None
        self.sampled: bool = sampled
        if sampled:
            self.keep()

    @property
    def record(self) -> FlightRecord:
        return self

    @property
    def trace_id(self) -> str:
        return f"{self.id:032x}"

    @property
    def hex_span_id(self) -> str:
        return f"{self.span_id:016x}"

    @property
    def context(self) -> Context:
        return set_span_in_context(self, self.above)

    def begin(self, scope: TracerScope, name: str, kind: SpanKind, parent_id: int | None) -> ChildSpan | None:
        """Begin a span below another one; None once the record is forgotten or full."""
        if not self._takes_more():
            return None
        return self._noted(ChildSpan(self, scope, name, kind, parent_id, self.keeper.epoch.monotonic()))

    def add(
        self,
        scope: TracerScope,
        name: str,
        attributes: dict[str, Any],
        parent: FlightSpan,
        started: float,
        ended: float,
    ) -> None:
        """Add a span below `parent` that is over; it is lost once the record is forgotten or full.

        Args:
            scope: Which library it is of.
            name: Its name.
            attributes: Allowed ones only; they are shared, and never changed.
            parent: The span above it.
            started: Monotonic start, in seconds.
            ended: The same of its end.
        """
        if not self._takes_more():
            return
        span = self._noted(ChildSpan(self, scope, name, SpanKind.INTERNAL, parent.span_id, started))
        span.attributes = attributes
        span.ended = ended
        if self.kept:
            self.keeper.export((span,))

    def note(self, name: str, attributes: dict[str, Any], started: float, ended: float) -> None:
        self.add(KIT, name, attributes, self, started, ended)

    def _takes_more(self) -> bool:
        # A sampled trace may have any number: each goes out as it ends, and the first lie on the shelf.
        return self.sampled or (self.kept is not False and len(self.spans) < MOST_SPANS)

    def _noted(self, span: ChildSpan) -> ChildSpan:
        if len(self.spans) < MOST_SPANS:
            self.spans.append(span)
        return span

    def keep(self) -> None:
        """Let everything that ends from now on be exported."""
        self.kept = True
        epoch = self.keeper.epoch
        epoch.refresh()
        self.date = epoch.nanoseconds(self.started)

    def forget(self) -> list[ChildSpan]:
        """Give the spans away and take no more."""
        self.kept = False
        spans, self.spans = self.spans, []
        return spans

    def update_name(self, name: str) -> None:
        """Do nothing: the name is the method and the route's template."""

    def end(self, end_time: int | None = None) -> None:
        """Do nothing: the middleware ends the span with the readings that the metric has."""

    def finish(self, ending: Ending, *, may_be_slow: bool = True) -> bool:
        self.ended = ending.ended
        return self.keeper.decide(self, ending, may_be_slow=may_be_slow)
