"""Spans on their way out: a bounded queue that a thread empties, so that no request ever waits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from monitor.tracing.observer import SpanLoss, TraceObserver

Export = Callable[[Sequence[object]], bool]


class ExportQueue:
    """Collects finished spans and exports them in batches on a thread of its own.

    The thread starts with the first span, so a process that forks its workers after building
    this object has one in each worker.

    Args:
        export: Sends a batch and says whether it was accepted; may block, may raise.
        observer: Is told what was exported and lost.
        capacity: Most spans that wait; further ones are lost and counted.
        batch: Most spans in one export; so many waiting spans wake the thread at once.
        interval_s: The longest a span waits while the exporter is well.
        close: Called once at the end; it must make a running `export` return.
    """

    def __init__(
        self,
        export: Export,
        observer: TraceObserver,
        *,
        capacity: int = 8_192,
        batch: int = 512,
        interval_s: float = 1.0,
        close: Callable[[], None] | None = None,
    ) -> None:
        self._export = export
        self._observer = observer
        self._capacity = capacity
        self._batch = batch
        self._interval_s = interval_s
        self._close_exporter = close
        self._spans: deque[object] = deque()
        self._wake = threading.Event()
        self._drained = threading.Condition()
        self._busy = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def put(self, spans: Sequence[object]) -> None:
        """Take spans; those that find the queue full, or closed, are lost."""
        room = 0 if self._closed else self._capacity - len(self._spans)
        if room < len(spans):
            self._observer.lost(SpanLoss.QUEUE_FULL, len(spans) - room)
            spans = spans[:room]
        self._spans.extend(spans)
        if self._thread is None or not self._thread.is_alive():
            self._start()
        if len(self._spans) >= self._batch:
            self._wake.set()

    def _start(self) -> None:
        if not self._closed:
            self._thread = threading.Thread(target=self._run, name="monitor-span-export", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(self._interval_s)
            self._wake.clear()
            self._drain()

    def _drain(self) -> None:
        self._busy = True
        while self._spans:
            self._send([self._spans.popleft() for _ in range(min(self._batch, len(self._spans)))])
        with self._drained:
            self._busy = False
            self._drained.notify_all()

    def _send(self, batch: list[object]) -> None:
        self._observer.queued(len(self._spans) + len(batch))
        try:
            accepted = self._export(batch)
        except Exception:  # noqa: BLE001 - whatever an exporter raises, this batch is lost and the next is tried
            accepted = False
        if accepted:
            self._observer.exported(len(batch))
        else:
            self._observer.lost(SpanLoss.EXPORT_FAILED, len(batch))
        self._observer.queued(len(self._spans))

    def flush(self, timeout_s: float) -> bool:
        """Export what waits now; say whether all went out in time. Blocks: not for the event loop."""
        self._wake.set()
        with self._drained:
            return self._drained.wait_for(lambda: not self._spans and not self._busy, timeout_s)

    def close(self, timeout_s: float) -> None:
        """Export what waits, as long as `timeout_s` allows, and take nothing more."""
        if self._spans or self._busy:
            self.flush(timeout_s)
        self._closed = True
        self._wake.set()
        if self._close_exporter is not None:
            self._close_exporter()
