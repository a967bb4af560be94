"""`GET /metrics`: one scrape shows all workers, and costs the requests beside it nothing."""

from __future__ import annotations

import asyncio
import copy
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass

from prometheus_client import Metric as ExposedMetric
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from monitor.clock import Clock
from monitor.metrics import catalogue
from monitor.metrics.collector import ColumnsCollector
from monitor.metrics.columns import Columns
from monitor.metrics.reading import Reading
from monitor.metrics.rendering import render

_GZIP = 31  # zlib's window bits for a gzip header
_GZIP_LEVEL = 1  # 10:1 on this text already; level 6 takes four times as long for 15 % less


@dataclass(frozen=True, slots=True)
class Scrape:
    """One rendered scrape."""

    body: bytes
    content_type: str


class Exposition:
    """Renders scrapes in a thread, in slices that let the serving loop in between.

    Args:
        registry: Whatever else is exposed; the columns' collector may be registered in it.
        collector: The columns' collector, left out of what the registry renders.
        read: What all workers have counted.
        columns: Where the scrape's own cost is counted.
        executor: Where to render; one thread is enough.
        pause: Called between slices; the default gives the interpreter lock away.
    """

    def __init__(
        self,
        registry: Collector,
        collector: ColumnsCollector,
        read: Callable[[], Reading],
        columns: Columns,
        executor: Executor,
        clock: Clock,
        pause: Callable[[], None] = lambda: time.sleep(0.00005),
    ) -> None:
        self._registry = registry
        self._collector = collector
        self._read = read
        self._durations = columns.histograms(catalogue.SCRAPE_DURATION).of()
        self._bytes = columns.gauges(catalogue.SCRAPE_BYTES).of()
        self._executor = executor
        self._clock = clock
        self._pause = pause

    async def endpoint(self, request: Request) -> Response:
        """Answer a scrape in the format and encoding that the client asked for."""
        accept = request.headers.get("accept", "")
        compress = gzip_accepted(request.headers.get("accept-encoding", ""))
        loop = asyncio.get_running_loop()
        scrape = await loop.run_in_executor(self._executor, self._scrape, accept, compress)
        headers = {"Vary": "Accept, Accept-Encoding", "Cache-Control": "no-store"}
        if compress:
            headers["Content-Encoding"] = "gzip"
        # As a header, since Starlette would add a second charset to a media type.
        headers["Content-Type"] = scrape.content_type
        return Response(scrape.body, headers=headers)

    def render(self, accept: str) -> Scrape:
        """Render everything in the best format that `accept` names."""
        encoder, content_type = choose_encoder(accept)
        openmetrics = content_type.startswith("application/openmetrics-text")
        pieces = []
        for piece in self._pieces(openmetrics=openmetrics):
            pieces.append(piece)
            self._pause()
        pieces[0] = pieces[0].removeprefix(b"\n")
        rest = copy_context().run(self._rest, encoder)
        return Scrape(b"".join([*pieces, b"\n", rest]), content_type)

    def _scrape(self, accept: str, compress: bool) -> Scrape:  # noqa: FBT001 - handed through the executor
        started = self._clock.monotonic()
        scrape = self.render(accept)
        self._bytes.set(len(scrape.body))
        if compress:
            packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP)
            scrape = Scrape(packer.compress(scrape.body) + packer.flush(), scrape.content_type)
        self._durations.observe(self._clock.monotonic() - started)
        return scrape

    def _pieces(self, *, openmetrics: bool) -> Iterator[bytes]:
        for family in self._read().values():
            for text in render(family, openmetrics=openmetrics):
                yield text.encode()

    def _rest(self, encoder: Callable[[Collector], bytes]) -> bytes:
        with self._collector.written():
            return encoder(_WithoutCreated(self._registry))


class _WithoutCreated(Collector):
    """A registry without its `_created` samples, which double the series and tell little."""

    def __init__(self, registry: Collector) -> None:
        self._registry = registry

    def collect(self) -> Iterable[ExposedMetric]:
        for metric in self._registry.collect():
            trimmed = copy.copy(metric)
            trimmed.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield trimmed
