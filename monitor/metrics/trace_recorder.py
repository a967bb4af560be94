"""What is counted of the traces; it satisfies the tracing room's observer without knowing it."""

from __future__ import annotations

from monitor.metrics import catalogue
from monitor.metrics.columns import Columns


class TraceRecorder:
    """Counts trace decisions and what the exporter did; callable from any thread.

    Args:
        columns: Where this worker counts.
    """

    def __init__(self, columns: Columns) -> None:
        self._decisions = columns.counters(catalogue.TRACES)
        self._exported = columns.counters(catalogue.SPANS_EXPORTED).of()
        self._dropped = columns.counters(catalogue.SPANS_DROPPED)
        self._queue = columns.gauges(catalogue.SPAN_QUEUE).of()

    def decided(self, decision: str) -> None:
        self._decisions.of(decision).inc()

    def exported(self, spans: int) -> None:
        self._exported.inc(spans)

    def lost(self, reason: str, spans: int) -> None:
        self._dropped.of(reason).inc(spans)

    def queued(self, spans: int) -> None:
        self._queue.set(spans)
