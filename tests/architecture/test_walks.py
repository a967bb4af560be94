"""The walks on the page are those of real runs."""

from __future__ import annotations

import http.server
import io
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from monitor.definitions.deployment import Deployment
from monitor.definitions.writer import definitions
from monitor.kit.adoption import Adoption
from monitor.kit.build_monitor import build_monitor
from monitor.kit.monitor import Monitor
from monitor.settings import CacheSettings, MonitorSettings
from tests.architecture.walks import PAGE, Entry, Watch, entered_again, first_entered, stations
from tests.conditions import until
from tests.monitor.clinic import Clinic, Tokens, clinic, make_tables

TITLES = ("A GET that hits Redis", "A write", "A duration", "A span", "An objective")
SETTINGS = CacheSettings(lease_s=0.3, poll_s=0.1, timeout_s=1.0, near_bytes=0, sealing_keys={"a": b"0" * 32})


@pytest.fixture
async def served(sqlite_url: str, redis_url: str) -> AsyncIterator[Clinic]:
    """Give a service on Redis whose list is cached."""
    await make_tables(sqlite_url)
    async with clinic(sqlite_url, replace(SETTINGS, url=redis_url)) as service:

        async def hits() -> bool:
            return await service.outcome() == "hit"

        await until(hits)
        yield service


@pytest.fixture
def receiver() -> Iterator[str]:
    """Give the URL of a receiver of spans that takes everything."""

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def chain_of(service: Clinic) -> ASGIApp:
    """Return the request chain, built, so that a walk begins with a request."""
    return service.app.build_middleware_stack()


async def send_request(chain: ASGIApp, method: str, watch: Watch, *, until_answered: bool = False) -> None:
    """Send one request through a chain, and watch it to its end or to the last message of its answer."""
    statuses = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b'"a note"', "more_body": False}

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))
        if until_answered and message["type"] == "http.response.body":
            watch.stop()

    await chain(request(method), receive, send)
    assert statuses[0] < 300


def request(method: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": "/notes",
        "raw_path": b"/notes",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"authorization", b"1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }


def unserved(**settings: Any) -> Monitor:
    """Return the kit without a database, which does nothing beside its requests."""
    return build_monitor(MonitorSettings(**settings), Adoption(resolver=Tokens()), stream=io.BytesIO())


def chain_around(monitor: Monitor) -> ASGIApp:
    """Return the request chain around a handler that has a span of its own."""

    async def handle(_request: Request) -> Response:
        with monitor.tracing.tracer.start_as_current_span("work"):
            return Response("done")

    return Starlette(
        routes=[Route("/notes", handle)], middleware=monitor.middleware()
    ).build_middleware_stack()


def shown(title: str, entries: list[Entry]) -> None:
    """Compare a run with the page."""
    assert first_entered(entries) == stations(title), f"draw the walk `{title}` in {PAGE.name} anew"


@pytest.mark.parametrize("title", TITLES)
def test_a_walk_is_short(title: str) -> None:
    """Nobody has to open more than fifteen files to follow one thing, and none of them twice."""
    files = stations(title)

    assert 5 <= len(files) <= 15
    assert len(set(files)) == len(files)


async def test_a_get_that_hits_redis(served: Clinic) -> None:
    """From the outermost middleware to Redis and back, each file entered once."""
    chain = chain_of(served)
    await send_request(chain, "GET", Watch([]))
    watch = Watch(stations("A GET that hits Redis"))
    with watch.watching():
        await send_request(chain, "GET", watch, until_answered=True)

    shown("A GET that hits Redis", watch.entries)
    assert [] == entered_again(watch.entries)


async def test_a_write(served: Clinic) -> None:
    """From the outermost middleware through the transaction to fresh generations."""
    chain, watch = chain_of(served), Watch(stations("A write"))
    with watch.watching():
        await send_request(chain, "POST", watch)

    shown("A write", watch.entries)
    assert [] == entered_again(watch.entries)


async def test_a_duration() -> None:
    """From a request's end to the text of a scrape."""
    monitor = unserved()
    chain, watch = chain_around(monitor), Watch(stations("A duration"), everywhere=True)
    with watch.watching():
        await send_request(chain, "GET", watch)
        await monitor.measurements.exposition.endpoint(Request(request("GET")))
    monitor.measurements.close()

    shown("A duration", watch.entries)


async def test_a_span(receiver: str) -> None:
    """From a request's beginning to bytes at the receiver."""
    monitor = unserved(sampling_ratio=1.0, otlp_endpoint=receiver)
    chain, watch = chain_around(monitor), Watch(stations("A span"), everywhere=True)
    with watch.watching():
        await send_request(chain, "GET", watch)
        await monitor.tracing.aclose()
    monitor.measurements.close()

    shown("A span", watch.entries)


def test_an_objective() -> None:
    """From the bound of an objective to rules on a disk and in a cluster."""
    watch = Watch(stations("An objective"), everywhere=True)
    with watch.watching():
        definitions(Deployment())

    shown("An objective", watch.entries)


def test_a_detour_is_found() -> None:
    """A file that is entered a second time from before it, after another one, is no return."""
    way = [Entry(None, "a", ""), Entry("a", "b", ""), Entry("b", "c", "")]

    assert [] == entered_again([*way, Entry("c", "b", ""), Entry("b", "a", "")])
    assert [] == entered_again([*way, Entry("b", "c", ""), Entry(None, "a", "")])
    assert [Entry("a", "b", "")] == entered_again([*way, Entry("a", "b", "")])
