"""`GET /metrics`: formats, encodings, other instruments, and its own cost."""

from __future__ import annotations

import asyncio
import gzip
import threading

import httpx2 as httpx
import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest
from starlette.applications import Starlette
from starlette.routing import Route

from monitor.metrics.catalogue import SCRAPE_BYTES, SCRAPE_DURATION, Outcome
from monitor.metrics.measurements import Measurements
from monitor.metrics.negotiation import wants_openmetrics
from tests.conditions import until
from tests.monitor.metrics.exposed import parse_openmetrics, parse_text, samples

OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.2"


@pytest.fixture
def client(measurements: Measurements) -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/metrics", measurements.exposition.endpoint)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t")


def serve(measurements: Measurements, trace_id: str | None = None) -> None:
    measurements.http.begin("GET")
    measurements.http.end("GET", "/api/contacts", 200, None, Outcome.SUCCESS, 1, 0.02, trace_id)


async def test_text_is_the_default(client: httpx.AsyncClient, measurements: Measurements) -> None:
    """A plain request gets text 0.0.4, which the parser of prometheus-client reads."""
    serve(measurements)
    answer = await client.get("/metrics", headers={"Accept": "*/*", "Accept-Encoding": "identity"})
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = {family.name for family in parse_text(answer.text)}
    assert {"http_server_request_duration_seconds", "tenant_http_requests"} <= names


async def test_openmetrics_has_exemplars_and_ends_as_it_must(
    client: httpx.AsyncClient, measurements: Measurements
) -> None:
    """Prometheus' own request is answered in OpenMetrics, with the sampled trace."""
    serve(measurements, "cd" * 16)
    answer = await client.get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("\n# EOF\n")
    families = list(parse_openmetrics(answer.text))
    traces = {s.exemplar.labels["trace_id"] for f in families for s in f.samples if s.exemplar}
    assert traces == {"cd" * 16}


async def test_gzip_is_used_when_it_is_accepted(client: httpx.AsyncClient) -> None:
    """The compressed answer is the same text."""
    async with client.stream("GET", "/metrics", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert b"# TYPE http_server_active_requests gauge" in gzip.decompress(packed)


async def test_other_instruments_of_the_registry_are_exposed_too(
    client: httpx.AsyncClient, registry: CollectorRegistry
) -> None:
    """An application's own instrument stands beside the columns, without its `_created`."""
    Counter("mine", "An application's own.", registry=registry).inc(3)
    for accept in ("text/plain", OPENMETRICS):
        body = (await client.get("/metrics", headers={"Accept": accept})).text
        assert "mine_total 3.0" in body
        assert "_created" not in body
        assert body.count("# TYPE http_server_active_requests gauge") == 1


def test_generate_latest_goes_on_working(measurements: Measurements, registry: CollectorRegistry) -> None:
    """A registry that holds the columns is a registry like any other."""
    serve(measurements)
    theirs = samples(parse_text(generate_latest(registry).decode()))
    ours = samples(parse_text(b"".join(measurements.exposition.render()).decode()))
    assert ours == theirs


async def test_a_scrape_tells_what_it_cost(client: httpx.AsyncClient, measurements: Measurements) -> None:
    """The next scrape shows the duration and the size of the one before."""
    first = await client.get("/metrics", headers={"Accept-Encoding": "identity"})
    reading = measurements.workers.read()
    assert list(reading[SCRAPE_BYTES.name].values) == [len(first.content)]
    assert sum(reading[SCRAPE_DURATION.name].counts) == 1


async def test_a_crowd_of_scrapes_costs_one(client: httpx.AsyncClient, measurements: Measurements) -> None:
    """Scrapes of one form that come together share a rendering; one that gives up stops no other."""
    held = threading.Event()
    measurements.executor.submit(held.wait)
    asked = [asyncio.create_task(client.get("/metrics")) for _ in range(20)]
    await until(lambda: len(measurements.exposition._under_way) == 1)
    await asyncio.sleep(0)
    asked[0].cancel()
    held.set()
    answers = await asyncio.gather(*asked[1:])
    assert {answer.status_code for answer in answers} == {200}
    assert sum(measurements.workers.read()[SCRAPE_DURATION.name].counts) == 1
    await client.get("/metrics")
    assert sum(measurements.workers.read()[SCRAPE_DURATION.name].counts) == 2


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain;version=0.0.4", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.2", True),
        ("text/html,text/plain;q=0.9", False),
    ],
)
def test_the_format_is_negotiated(accept: str, expected: object) -> None:
    """OpenMetrics goes to who names it, text to everybody else."""
    assert wants_openmetrics(accept) == expected
