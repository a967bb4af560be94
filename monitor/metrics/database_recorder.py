"""What is counted of the database; it satisfies the database's observer without knowing it."""

from __future__ import annotations

from monitor.metrics import catalogue
from monitor.metrics.columns import Columns


class DatabaseRecorder:
    """Counts every database call and the pool.

    Args:
        columns: Where this worker counts.
    """

    def __init__(self, columns: Columns) -> None:
        self._durations = columns.histograms(catalogue.DB_DURATION)
        self._slow = columns.counters(catalogue.DB_SLOW)
        self._waits = columns.histograms(catalogue.DB_WAIT).of()
        self._timeouts = columns.counters(catalogue.DB_TIMEOUTS).of()
        connections = columns.gauges(catalogue.DB_CONNECTIONS)
        self._idle, self._used = connections.of("idle"), connections.of("used")
        self._maximum = columns.gauges(catalogue.DB_CONNECTIONS_MAX).of()

    def queried(
        self,
        system: str,
        operation: str,
        collection: str,
        summary: str,
        seconds: float,
        error_type: str | None,
    ) -> None:
        self._durations.of(system, operation, collection, summary, error_type or "").observe(seconds)

    def slow_query(self, summary: str, seconds: float) -> None:  # noqa: ARG002 - the duration is in the histogram
        self._slow.of(summary).inc()

    def pool_waited(self, seconds: float, timed_out: bool) -> None:  # noqa: FBT001 - the observer's words
        self._waits.observe(seconds)
        if timed_out:
            self._timeouts.inc()

    def pool_sized(self, idle: int, used: int, maximum: int) -> None:
        self._idle.set(idle)
        self._used.set(used)
        self._maximum.set(maximum)
