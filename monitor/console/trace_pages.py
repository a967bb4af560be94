"""The pages of recent traces; they stand still, since a list that moves cannot be read."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from monitor.console import html as h
from monitor.console.live import Live
from monitor.console.session import Session
from monitor.console.traces import Filter, trace_list, trace_page
from monitor.console.visit import Visits
from monitor.metrics import catalogue
from monitor.tracing.recent import RecentTraces

_MOST: Final = 50
_OK, _NOT_FOUND = 200, 404


class TracePages:
    """Answers with the list of traces and with single ones.

    Args:
        visits: Makes the frames of signed-in operators.
        live: Tells how many workers there are.
        recent: The last traces of this worker.
        executor: Where the traces are read and pages drawn, off the serving loop.
    """

    def __init__(self, visits: Visits, live: Live, recent: RecentTraces, executor: Executor | None) -> None:
        self._visits = visits
        self._live = live
        self._recent = recent
        self._executor = executor

    async def traces(self, request: Request, session: Session) -> Response:
        frame = self._visits.frame(request, session)
        asked = Filter.of(request.query_params, frame.links.naming)
        snapshot = await self._live.latest()
        workers = int(snapshot.figures.one(catalogue.WORKERS) or 1)

        def draw() -> bytes:
            found = self._recent.find(asked.wanted(), _MOST)
            return frame.page("Traces", trace_list(found, asked, frame.links, workers), current="Traces")

        page = await asyncio.get_running_loop().run_in_executor(self._executor, draw)
        return Response(page, _OK, media_type="text/html")

    async def trace(self, request: Request, session: Session) -> Response:
        frame, trace_id = self._visits.frame(request, session), request.path_params["trace"]

        def draw() -> tuple[bytes, int]:
            trace = self._recent.one(trace_id)
            if trace is not None:
                return frame.page("Trace", trace_page(trace, frame.links), current="Traces"), _OK
            gone = h.p("It is no longer kept, or another worker keeps it.")
            back = h.p(h.a("All traces", href=frame.links.to("traces")))
            return frame.page("Trace not found", gone, back, current="Traces"), _NOT_FOUND

        page, status = await asyncio.get_running_loop().run_in_executor(self._executor, draw)
        return Response(page, status, media_type="text/html")
