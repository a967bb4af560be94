"""`GET /metrics`: one scrape shows all workers, and costs the requests beside it nothing."""

from __future__ import annotations

import asyncio
import copy
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from contextvars import copy_context
from dataclasses import dataclass

from prometheus_client import Metric as ExposedMetric
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from monitor.clock import Clock
from monitor.metrics import catalogue
from monitor.metrics.catalogue import Metric
from monitor.metrics.collector import ColumnsCollector
from monitor.metrics.columns import Columns
from monitor.metrics.reading import View
from monitor.metrics.rendering import render, render_head, render_rows

_GZIP = 31  # zlib's window bits for a gzip header
_GZIP_LEVEL = 1  # 10:1 on this text already; level 6 takes four times as long for 15 % less


@dataclass(frozen=True, slots=True)
class Scrape:
    """One rendered scrape, in pieces."""

    pieces: list[bytes]
    content_type: str

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)


class Exposition:
    """Renders scrapes in a thread, in small steps between which the serving loop gets its turn.

    Args:
        registry: Whatever else is exposed; the columns' collector may be registered in it.
        collector: The columns' collector, left out of what the registry renders.
        view: What all workers have counted, to be read piece by piece.
        columns: Where the scrape's own cost is counted.
        executor: Where to render; one thread is enough.
    """

    def __init__(
        self,
        registry: Collector,
        collector: ColumnsCollector,
        view: Callable[[], AbstractContextManager[View]],
        columns: Columns,
        executor: Executor,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._collector = collector
        self._view = view
        self._durations = columns.histograms(catalogue.SCRAPE_DURATION).of()
        self._bytes = columns.gauges(catalogue.SCRAPE_BYTES).of()
        self._executor = executor
        self._clock = clock

    async def endpoint(self, request: Request) -> Response:
        """Answer a scrape in the format and encoding that the client asked for."""
        accept = request.headers.get("accept", "")
        compress = gzip_accepted(request.headers.get("accept-encoding", ""))
        loop = asyncio.get_running_loop()
        scrape = await loop.run_in_executor(self._executor, self._scrape, accept, compress)
        # As a header, since Starlette would add a second charset to a media type.
        headers = {"Vary": "Accept, Accept-Encoding", "Cache-Control": "no-store"}
        headers["Content-Type"] = scrape.content_type
        headers["Content-Length"] = str(sum(map(len, scrape.pieces)))
        if compress:
            headers["Content-Encoding"] = "gzip"
        return StreamingResponse(_each(scrape.pieces), headers=headers)

    def render(self, accept: str) -> Scrape:
        """Render everything in the best format that `accept` names."""
        encoder, content_type = choose_encoder(accept)
        openmetrics = content_type.startswith("application/openmetrics-text")
        pieces = [text.encode() for text in self._texts(openmetrics=openmetrics)]
        pieces[0] = pieces[0].removeprefix(b"\n")
        pieces.append(b"\n" + copy_context().run(self._rest, encoder))
        return Scrape(pieces, content_type)

    def _scrape(self, accept: str, compress: bool) -> Scrape:  # noqa: FBT001 - handed through the executor
        started = self._clock.monotonic()
        scrape = self.render(accept)
        self._bytes.set(sum(map(len, scrape.pieces)))
        if compress:
            scrape = Scrape(_compressed(scrape.pieces), scrape.content_type)
        self._durations.observe(self._clock.monotonic() - started)
        return scrape

    def _texts(self, *, openmetrics: bool) -> Iterator[str]:
        with self._view() as view:
            for family in view.plain():
                yield from render(family, openmetrics=openmetrics)
            texts: dict[Metric, list[str]] = {}
            for part in view.tenants():
                for family in part:
                    texts.setdefault(family.metric, []).append(render_rows(family, openmetrics=openmetrics))
        for metric, parts in texts.items():
            yield render_head(metric, openmetrics=openmetrics)
            yield from parts

    def _rest(self, encoder: Callable[[Collector], bytes]) -> bytes:
        with self._collector.written():
            return encoder(_WithoutCreated(self._registry))


def _compressed(pieces: list[bytes]) -> list[bytes]:
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
