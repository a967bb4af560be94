"""The real spans of the traces under way, collected so that an operator can read them later."""

from __future__ import annotations

from weakref import WeakValueDictionary

from monitor.tracing.flight_record import MOST_SPANS


class SpanList(list[object]):
    """The finished spans of one trace; a list that can be referred to weakly."""


class LiveTraces:
    """Span lists by trace id, for as long as a request or a shelf holds them."""

    def __init__(self) -> None:
        self._lists: WeakValueDictionary[int, SpanList] = WeakValueDictionary()

    def spans_of(self, trace_id: int) -> SpanList:
        """Return the list of the trace; requests of one trace in one process share it."""
        spans = self._lists.get(trace_id)
        if spans is None:
            spans = self._lists[trace_id] = SpanList()
        return spans

    def ended(self, trace_id: int, span: object) -> None:
        """Add a finished span, unless nobody holds its trace or the list is full."""
        spans = self._lists.get(trace_id)
        if spans is not None and len(spans) < MOST_SPANS:
            spans.append(span)
