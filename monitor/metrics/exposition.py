"""`GET /metrics`: one scrape shows all workers, and costs the requests beside it nothing."""

from __future__ import annotations

import asyncio
import copy
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from contextvars import copy_context

from prometheus_client import Metric as ExposedMetric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as TEXT
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from monitor.clock import Clock
from monitor.metrics import catalogue
from monitor.metrics.catalogue import Metric
from monitor.metrics.collector import ColumnsCollector
from monitor.metrics.columns import Columns
from monitor.metrics.negotiation import wants_gzip, wants_openmetrics
from monitor.metrics.reading import View
from monitor.metrics.rendering import render, render_head, render_rows

# Prometheus, its agents and those who copied them say so with each scrape; a person's curl does not.
_SCRAPER = "x-prometheus-scrape-timeout-seconds"
_GZIP = 31  # zlib's window bits for a gzip header
_GZIP_LEVEL = 1  # 10:1 on this text already; level 6 takes four times as long for 15 % less


class Exposition:
    """Renders scrapes in a thread, in small steps between which the serving loop gets its turn.

    Args:
        registry: Whatever else is exposed; the columns' collector may be registered in it.
        collector: The columns' collector, left out of what the registry renders.
        view: What all workers have counted, to be read piece by piece.
        columns: Where the scrape's own cost is counted.
        executor: Where to render; one thread is enough.
        clock: Times the scrapes.
        hold_s: How long a scraper is shown a new series as nothing yet.
    """

    def __init__(
        self,
        registry: Collector,
        collector: ColumnsCollector,
        view: Callable[..., AbstractContextManager[View]],
        columns: Columns,
        executor: Executor,
        clock: Clock,
        hold_s: float = 0.0,
    ) -> None:
        self._registry = registry
        self._hold_s = hold_s
        self._collector = collector
        self._view = view
        self._durations = columns.histograms(catalogue.SCRAPE_DURATION).of()
        self._bytes = columns.gauges(catalogue.SCRAPE_BYTES).of()
        self._executor = executor
        self._clock = clock
        self._under_way: dict[tuple[bool, bool, bool], asyncio.Future[list[bytes]]] = {}

    async def endpoint(self, request: Request) -> Response:
        """Answer a scrape in the format and encoding that the client asked for."""
        openmetrics = wants_openmetrics(request.headers.get("accept", ""))
        packed = wants_gzip(request.headers.get("accept-encoding", ""))
        scraper = _SCRAPER in request.headers
        pieces = await self._shared(openmetrics=openmetrics, packed=packed, scraper=scraper)
        # As a header, since Starlette would add a second charset to a media type.
        headers = {
            "Content-Type": OPENMETRICS if openmetrics else TEXT,
            "Content-Length": str(sum(map(len, pieces))),
            "Vary": "Accept, Accept-Encoding",
            "Cache-Control": "no-store",
        }
        if packed:
            headers["Content-Encoding"] = "gzip"
        return StreamingResponse(_each(pieces), headers=headers)

    def render(self, *, openmetrics: bool = False, scraper: bool = False) -> list[bytes]:
        """Render everything, in pieces.

        Args:
            openmetrics: Which format.
            scraper: Whether the reader computes increases, and must see a series' zero before its
                first count: a series that begins at 1 has not increased (Prometheus, `rate`).
        """
        pieces = [text.encode() for text in self._texts(openmetrics=openmetrics, scraper=scraper)]
        pieces[0] = pieces[0].removeprefix(b"\n")
        pieces.append(b"\n" + copy_context().run(self._rest, openmetrics=openmetrics))
        return pieces

    async def _shared(self, *, openmetrics: bool, packed: bool, scraper: bool) -> list[bytes]:
        """Let scrapes that come while one is rendered have that one: a crowd costs what one costs."""
        form = openmetrics, packed, scraper
        if form not in self._under_way:
            scraping = asyncio.get_running_loop().run_in_executor(self._executor, self._scrape, *form)
            scraping.add_done_callback(lambda _: self._under_way.pop(form))
            self._under_way[form] = scraping
        return await asyncio.shield(self._under_way[form])

    def _scrape(self, openmetrics: bool, packed: bool, scraper: bool) -> list[bytes]:  # noqa: FBT001 - handed through the executor
        started = self._clock.monotonic()
        pieces = self.render(openmetrics=openmetrics, scraper=scraper)
        self._bytes.set(sum(map(len, pieces)))
        if packed:
            pieces = _packed(pieces)
        self._durations.observe(self._clock.monotonic() - started)
        return pieces

    def _texts(self, *, openmetrics: bool, scraper: bool) -> Iterator[str]:
        with self._view(hold_s=self._hold_s if scraper else 0.0) as view:
            for family in view.plain():
                yield from render(family, openmetrics=openmetrics)
            texts: dict[Metric, list[str]] = {}
            for part in view.tenants():
                for family in part:
                    texts.setdefault(family.metric, []).append(render_rows(family, openmetrics=openmetrics))
        for metric, parts in texts.items():
            yield render_head(metric, openmetrics=openmetrics)
            yield from parts

    def _rest(self, *, openmetrics: bool) -> bytes:
        others = _WithoutCreated(self._registry)
        with self._collector.written():
            return _generate_openmetrics(others) if openmetrics else generate_latest(others)


def _generate_openmetrics(registry: Collector) -> bytes:
    body: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call]
    return body


def _packed(pieces: list[bytes]) -> list[bytes]:
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP)
    packed = [packer.compress(piece) for piece in pieces]
    # Small writes to the socket cost more than joining what compression left of the pieces.
    return [b"".join(packed) + packer.flush()]


async def _each(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


class _WithoutCreated(Collector):
    """A registry without its `_created` samples, which double the series and tell little."""

    def __init__(self, registry: Collector) -> None:
        self._registry = registry

    def collect(self) -> Iterable[ExposedMetric]:
        for metric in self._registry.collect():
            trimmed = copy.copy(metric)
            trimmed.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield trimmed
