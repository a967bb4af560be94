"""Spans on their way out: a bounded queue that a thread empties, so that no request ever waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from monitor.background_queue import BackgroundQueue
from monitor.tracing.observer import SpanLoss, TraceObserver


class ExportQueue:
    """Exports finished spans in batches, and counts what went out and what was lost.

    Args:
        export: Sends a batch and says whether it was accepted; may block, may raise.
        observer: Is told.
        close: Called once at the end; it must make a running `export` return.
        capacity: Most spans that wait.
        batch: Most spans in one export.
        interval_s: The longest a span waits while the exporter is well.
    """

    def __init__(
        self,
        export: Callable[[Sequence[object]], bool],
        observer: TraceObserver,
        *,
        close: Callable[[], None],
        capacity: int = 8_192,
        batch: int = 512,
        interval_s: float = 1.0,
    ) -> None:
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
        self.put = self._spans.put
        self.flush = self._spans.flush

    def _send(self, batch: Sequence[object]) -> None:
        self._observer.queued(self._spans.waiting + len(batch))
        try:
            accepted = self._export(batch)
        except Exception:  # noqa: BLE001 - whatever an exporter raises, this batch is lost and the next is tried
            accepted = False
        if accepted:
            self._observer.exported(len(batch))
        else:
            self._observer.lost(SpanLoss.EXPORT_FAILED, len(batch))
        self._observer.queued(self._spans.waiting)

    def close(self, timeout_s: float) -> None:
        """Export what waits, as long as `timeout_s` allows, and take nothing more."""
        self._spans.close(timeout_s)
        self._close_exporter()
