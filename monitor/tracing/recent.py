"""The traces of the last requests, in bounded memory, for operators to read.

Every request lies here for a short while, sampled or not; slow and failed ones have room of
their own, so that a flood of good requests does not wash them away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import msgspec
from opentelemetry.trace import SpanKind

from monitor.tracing.spans import AttributeValue, Facts, ReadSpan

_MILLI = 1e3
_NANO = 1e9


class SpanView(msgspec.Struct, rename="camel", omit_defaults=True):
    """A span as an operator reads it; times in milliseconds, the start from the trace's."""

    span_id: str
    name: str
    kind: str
    start_ms: float
    duration_ms: float
    attributes: Mapping[str, AttributeValue]
    parent_id: str | None = None
    failed: bool = False


class TraceView(msgspec.Struct, rename="camel"):
    """A trace as an operator reads it."""

    trace_id: str
    started_at: float
    duration_ms: float
    method: str
    route: str | None
    status: int
    outcome: str
    tenant_id: int | None
    error_type: str | None
    spans: list[SpanView]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which traces are asked for; None: any.

    Attributes:
        tenant: The tenant's id.
        route: The route's full template.
        outcome: `ok`, `slow` or `failed`.
        longer_than_s: Only requests that took longer.
    """

    tenant: int | None = None
    route: str | None = None
    outcome: str | None = None
    longer_than_s: float = 0.0

    def matches(self, facts: Facts, slow_s: float) -> bool:
        return (
            (self.tenant is None or facts.tenant == self.tenant)
            and (self.route is None or facts.route == self.route)
            and (self.outcome is None or self.outcome == _outcome(facts, slow_s))
            and facts.seconds >= self.longer_than_s
        )


_COVERED_S = 30.0  # what the ordinary traces that are kept span under load


class Root(Protocol):
    """The server span of a request."""

    @property
    def id(self) -> int:
        """The trace's id."""
        ...


_Trace = tuple[Facts, Sequence[object], Root]


class RecentTraces:
    """Keeps the last traces; adding one costs an append.

    Ten thousand requests a second would push each other out before anybody could look. So of
    ordinary ones, once there were as many as fit, only some a second are let in: the list then
    tells of the last half minute, and the rest cost nothing. Slow and failed ones are all kept.

    Args:
        capacity: How many ordinary traces are kept, and how many slow and failed ones.
        slow_s: A request that took longer is slow.
        read: Turns a span of either kind into plain values; None for one that still runs.
    """

    def __init__(self, capacity: int, slow_s: float, read: Callable[[object], ReadSpan | None]) -> None:
        self._spacing_s = _COVERED_S / max(1, capacity)
        self._room_from = float("-inf")
        self._ordinary: deque[_Trace] = deque(maxlen=capacity)
        self._notable: deque[_Trace] = deque(maxlen=capacity)
        self._slow_s = slow_s
        self._read = read

    def lets_in(self, now: float) -> bool:
        """Say whether an ordinary trace that ended at `now` (monotonic seconds) is to be added; ask once.

        A leaky bucket (ITU-T I.371's GCRA): room for `capacity` at once, and for one more each `spacing`.
        """
        room_from = self._room_from
        if room_from > now:
            return False
        self._room_from = max(room_from, now - _COVERED_S) + self._spacing_s
        return True

    def add(self, facts: Facts, spans: Sequence[object], root: Root) -> None:
        """Keep a request's trace; `spans`, those below the server span, may still grow."""
        notable = facts.error_type is not None or facts.seconds > self._slow_s
        (self._notable if notable else self._ordinary).append((facts, spans, root))

    def find(self, wanted: Wanted, limit: int) -> list[TraceView]:
        """Return the matching traces, slow and failed ones first, the latest of each first."""
        # Copies: the event loop goes on appending while another thread reads.
        newest = chain(reversed(list(self._notable)), reversed(list(self._ordinary)))
        found = (self._view([trace]) for trace in newest if wanted.matches(trace[0], self._slow_s))
        return [view for view, _ in zip(_present(found), range(limit), strict=False)]

    def one(self, trace_id: str) -> TraceView | None:
        """Return the trace with that id in hex, if it is still kept: all requests that it came with."""
        kept = [*self._notable, *self._ordinary]
        whole = [trace for trace in kept if f"{trace[2].id:032x}" == trace_id]
        return self._view(whole) if whole else None

    def _view(self, requests: Sequence[_Trace]) -> TraceView | None:
        """Show requests of one trace, by the facts of the first of them."""
        all_of_it = chain.from_iterable((root, *spans) for _, spans, root in requests)
        spans = [span for span in map(self._read, all_of_it) if span is not None]
        if not spans:
            return None
        spans.sort(key=lambda span: (span.started, -span.ended))  # a parent before what it began at once
        first, facts = spans[0], requests[0][0]
        return TraceView(
            trace_id=f"{first.trace_id:032x}",
            started_at=first.started / _NANO,
            duration_ms=facts.seconds * _MILLI,
            method=facts.method,
            route=facts.route,
            status=facts.status,
            outcome=_outcome(facts, self._slow_s),
            tenant_id=None if facts.tenant is None else int(facts.tenant),
            error_type=facts.error_type,
            spans=[_span_view(span, first.started) for span in spans],
        )


def _outcome(facts: Facts, slow_s: float) -> str:
    if facts.error_type is not None:
        return "failed"
    return "slow" if facts.seconds > slow_s else "ok"


def _present(views: Iterator[TraceView | None]) -> Iterator[TraceView]:
    return (view for view in views if view is not None)


def _span_view(span: ReadSpan, origin: int) -> SpanView:
    return SpanView(
        span_id=f"{span.span_id:016x}",
        name=span.name,
        kind=SpanKind(span.kind).name.lower(),
        start_ms=(span.started - origin) / _NANO * _MILLI,
        duration_ms=(span.ended - span.started) / _NANO * _MILLI,
        attributes=span.attributes,
        parent_id=None if span.parent_id is None else f"{span.parent_id:016x}",
        failed=span.failed,
    )
