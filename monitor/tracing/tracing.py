"""The tracing room, as the other rooms see it."""

from __future__ import annotations

import asyncio

from opentelemetry.trace import Tracer

from monitor.tracing.begin_request import RequestTraces
from monitor.tracing.export_queue import ExportQueue
from monitor.tracing.recent import RecentTraces
from monitor.tracing.spans import KIT
from monitor.tracing.tracer import KitTracerProvider


class Tracing:
    """The tracing room.

    Attributes:
        tracer: For the cache, the database and the service's own spans.
        provider: Gives tracers to other instrumented libraries.
        requests: For the performance middleware.
        recent: The last traces, for operators.
    """

    def __init__(
        self,
        provider: KitTracerProvider,
        requests: RequestTraces,
        recent: RecentTraces,
        queue: ExportQueue | None,
    ) -> None:
        self.tracer: Tracer = provider.get_tracer(KIT.name)
        self.provider = provider
        self.requests = requests
        self.recent = recent
        self._queue = queue

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Export what waits and say whether all went out; blocks."""
        return self._queue is None or self._queue.flush(timeout_s)

    async def aclose(self, timeout_s: float = 2.0) -> None:
        """Export what waits, off the event loop and no longer than `timeout_s`, and stop."""
        if self._queue is not None:
            await asyncio.to_thread(self._queue.close, timeout_s)
