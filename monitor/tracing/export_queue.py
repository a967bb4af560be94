"""Spans on their way out: a bounded queue that a thread empties, so that no request ever waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import structlog

from monitor.background_queue import BackgroundQueue
from monitor.clock import Clock
from monitor.tracing.delivery import Delivery
from monitor.tracing.trace_observer import SpanLoss, TraceObserver

_log = structlog.get_logger(__name__)
_PARTIAL = "partial_success"


class ExportQueue:
    """Exports finished spans in batches, and counts what went out and what was lost.

    Args:
        export: Sends a batch and says what became of it; may block, may raise.
        observer: Is told.
        clock: Monotonic time, for the pause between two log lines.
        close: Called once at the end; it must make a running `export` return.
        capacity: Most spans that wait.
        batch: Most spans in one export.
        interval_s: The longest a span waits while the exporter is well.
        every_s: Least time between two lines about lost spans, in seconds.
    """

    def __init__(
        self,
        export: Callable[[Sequence[object]], Delivery],
        observer: TraceObserver,
        *,
        clock: Clock,
        close: Callable[[], None],
        capacity: int = 8_192,
        batch: int = 512,
        interval_s: float = 1.0,
        every_s: float = 60.0,
    ) -> None:
        self._now = clock.monotonic
        self._every_s = every_s
        self._quiet_until = float("-inf")
        self._untold = 0
        self._export = export
        self._observer = observer
        self._close_exporter = close
        self._spans: BackgroundQueue[object] = BackgroundQueue(
            self._send,
            partial(observer.lost, SpanLoss.QUEUE_FULL),
            name="monitor-span-export",
            capacity=capacity,
            batch=batch,
            interval_s=interval_s,
        )
        self.put: Callable[[Sequence[object]], None] = self._spans.put
        self.flush: Callable[[float], bool] = self._spans.flush

    def _send(self, batch: Sequence[object]) -> None:
        self._observer.queued(self._spans.waiting + len(batch))
        delivery = self._delivered(batch)
        lost = min(delivery.rejected, len(batch)) if delivery.accepted else len(batch)
        if len(batch) > lost:
            self._observer.exported(len(batch) - lost)
        if lost:
            self._observer.lost(SpanLoss.EXPORT_FAILED, lost)
            self._tell(lost, delivery.reason or _PARTIAL)
        self._observer.queued(self._spans.waiting)

    def _delivered(self, batch: Sequence[object]) -> Delivery:
        try:
            return self._export(batch)
        except Exception as failure:  # noqa: BLE001 - whatever an exporter raises, this batch is lost and the next is tried
            return Delivery(accepted=False, reason=type(failure).__name__)

    def _tell(self, lost: int, reason: str) -> None:
        """Write a line, at most one in `every_s`: a receiver away for a day is no news each second."""
        self._untold += lost
        now = self._now()
        if now < self._quiet_until:
            return
        _log.warning("spans_not_exported", reason=reason, count=self._untold)
        self._quiet_until, self._untold = now + self._every_s, 0

    def close(self, timeout_s: float) -> None:
        """Export what waits, as long as `timeout_s` allows, and take nothing more."""
        self._spans.close(timeout_s)
        self._close_exporter()
