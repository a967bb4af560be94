"""A load is a request of its own: whole, listening for as long as somebody waits, and told how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from quart import Quart
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.cache.policy import CachePolicy
from monitor.errors import IncompleteAnswer
from monitor.kit.adoption import Adoption
from monitor.kit.build_monitor import build_monitor
from monitor.kit.monitor import Monitor
from monitor.middleware.cached_route import CachedRoute
from monitor.middleware.request import record_of
from monitor.settings import MonitorSettings
from tests.conditions import until
from tests.monitor.middleware.origin import Answered, Stack, answered
from tests.monitor.middleware.probe import Client
from tests.monitor.middleware.test_interceptor import Tenants, list_key

AUTHORIZED = [(b"authorization", b"1")]
PARTS = [b"one", b"two", b"three"]
Handler = Callable[[Request], object]


async def parts() -> AsyncIterator[bytes]:
    for part in PARTS:
        yield part
        await asyncio.sleep(0)


async def passing(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


def starlette(handler: Handler, *, wrapped: bool = False) -> Starlette:
    middleware = [Middleware(BaseHTTPMiddleware, dispatch=passing)] * (2 if wrapped else 0)
    return Starlette(routes=[Route("/notes", handler)], middleware=middleware)


async def ask(app: ASGIApp, client: Client) -> Answered:
    await app(client.scope(), client.receive, client.send)
    return answered(client.sent)


def a_client(version: str = "2.3") -> Client:
    return Client("/notes", headers=AUTHORIZED, spec_version=version)


@pytest.mark.parametrize("version", ["2.0", "2.3", "2.4"])
@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_stream_is_stored_whole(version: str, wrapped: bool) -> None:  # noqa: FBT001 - whether other middlewares stand inside
    """What listens for a disconnect while it sends is not told of one, and ends in its own time."""

    async def stream(_: Request) -> Response:
        return StreamingResponse(parts(), media_type="text/csv")

    stack = Stack(starlette(stream, wrapped=wrapped))
    answers = [await asyncio.wait_for(ask(stack.app, a_client(version)), 10) for _ in range(2)]

    assert [answer.body for answer in answers] == [b"onetwothree"] * 2
    assert [answer.headers["cache-status"][:6] for answer in answers] == ["T; fwd", "T; hit"]


async def test_a_file_is_stored_whole(tmp_path: Path) -> None:
    """Also where the server could send it by its path, which no cache can keep."""
    path = tmp_path / "notes.txt"
    path.write_bytes(b"n" * 200_000)

    async def file(_: Request) -> Response:
        return FileResponse(path)

    stack = Stack(starlette(file))
    client = a_client()
    scope = client.scope() | {"extensions": {"http.response.pathsend": {}, "http.response.trailers": {}}}
    await asyncio.wait_for(stack.app(scope, client.receive, client.send), 10)
    assert (await ask(stack.app, a_client())).body == answered(client.sent).body == b"n" * 200_000


async def test_a_quart_application_is_stored_whole() -> None:
    """Quart reads the request in a task of its own for as long as it answers."""
    quart = Quart("notes")
    quart.config["PROVIDE_AUTOMATIC_OPTIONS"] = True

    @quart.get("/notes")
    async def notes() -> AsyncIterator[bytes]:
        return parts()

    stack = Stack(quart)  # type: ignore[arg-type] # Quart types its messages one by one
    bodies = [(await asyncio.wait_for(ask(stack.app, a_client()), 10)).body for _ in range(2)]
    assert bodies == [b"onetwothree"] * 2


async def test_after_the_answer_the_load_hears_that_it_is_over() -> None:
    """As a server tells an application that goes on listening once it has sent its last part."""
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole"})
        heard.extend([(await receive())["type"] for _ in range(3)])

    assert (await ask(Stack(app).app, a_client())).body == b"whole"
    await until(lambda: len(heard) == 3)
    assert heard == ["http.request", "http.disconnect", "http.disconnect"]


class Endless:
    """Answers only once it hears that nobody listens any more, and half."""

    def __init__(self) -> None:
        self.begun, self.heard = 0, 0

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        self.heard += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ha"})


async def test_a_load_ends_when_its_last_caller_has_gone() -> None:
    """It hears so through the callers' own connections, and what it then leaves is not stored."""
    endless = Endless()
    stack = Stack(endless)
    clients = [a_client(), a_client()]
    waiting = [asyncio.ensure_future(ask(stack.app, client)) for client in clients]
    await until(lambda: endless.begun == 1)
    clients[0].gone.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert endless.heard == 0
    clients[1].gone.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(result) for result in results] == [IncompleteAnswer] * 2
    assert endless.heard == 1
    client = a_client()
    again = asyncio.ensure_future(ask(stack.app, client))
    await until(lambda: endless.begun == 2)
    client.gone.set()
    await asyncio.wait([again])
    assert isinstance(again.exception(), IncompleteAnswer)


async def _raises_at_once(scope: Scope, receive: Receive, send: Send) -> None:
    raise LookupError


async def _raises_half_way(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1")]})
    await send({"type": "http.response.body", "body": b"ha", "more_body": True})
    raise LookupError


async def _returns_half_way(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1")]})
    await send({"type": "http.response.body", "body": b"ha", "more_body": True})


async def _raises_after_its_answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1")]})
    await send({"type": "http.response.body", "body": b"whole"})
    raise LookupError


def plain(messages: list[Message]) -> list[tuple[object, ...]]:
    """Leave out what the cache adds: its own headers, and how the body was cut into parts."""
    start = next((message["status"] for message in messages if message["type"].endswith("start")), None)
    body = b"".join(message.get("body", b"") for message in messages)
    ended = any(
        message["type"].endswith("body") and not message.get("more_body", False) for message in messages
    )
    return [(start, body, ended)]


@pytest.mark.parametrize(
    "app", [_raises_at_once, _raises_half_way, _returns_half_way, _raises_after_its_answer]
)
async def test_what_does_not_end_well_is_answered_as_without_the_kit(app: ASGIApp) -> None:
    """The client sees what it would have seen, the failure comes out, and nothing is stored."""
    bare, client = a_client(), a_client()
    failures: list[type[BaseException] | None] = []
    stack = Stack(app)
    for one, called in ((bare, app), (client, stack.app), (a_client(), stack.app)):
        try:
            await called(one.scope(), one.receive, one.send)
            failures.append(None)
        except LookupError as failure:
            failures.append(type(failure))

    assert plain(client.sent) == plain(bare.sent)
    assert failures[0] == failures[1] == failures[2]
    assert [told[2] for told in stack.told.of("looked_up")].count("hit") == 0


async def test_background_work_may_go_on_and_fail() -> None:
    """The answer was whole when it was sent; what comes later does not take it back."""
    go_on = asyncio.Event()

    async def background() -> None:
        await go_on.wait()

    async def handler(_: Request) -> Response:
        return PlainTextResponse("whole", background=BackgroundTask(background))

    stack = Stack(starlette(handler))
    assert [(await ask(stack.app, a_client())).body for _ in range(2)] == [b"whole"] * 2
    assert stack.told.of("looked_up")[-1][2] == "hit"
    go_on.set()


def failing(*, handled: bool) -> tuple[Starlette, Monitor]:
    adoption = Adoption(
        resolver=Tenants(), policies=[CachePolicy("notes", 60)], cached=[CachedRoute("/notes", list_key)]
    )
    monitor = build_monitor(MonitorSettings(service="notes", access_log=False), adoption)

    async def notes(request: Request) -> Response:
        await asyncio.sleep(0)
        raise KeyError

    async def tell(request: Request, _: Exception) -> Response:
        return JSONResponse({"traceId": record_of(request.scope).trace_id}, 503)

    app = Starlette(
        routes=[Route("/notes", notes), *monitor.routes()],
        middleware=monitor.middleware(),
        exception_handlers={KeyError: tell} if handled else {},
        lifespan=monitor.lifespan,
    )
    return app, monitor


@pytest.mark.parametrize("handled", [True, False])
async def test_a_failed_load_is_named_for_all_who_waited(handled: bool) -> None:  # noqa: FBT001 - whether the service answers it
    """Each request is counted under the exception's class, and answered with the id of its own trace."""
    app, monitor = failing(handled=handled)
    clients = [a_client() for _ in range(3)]
    async with monitor.lifespan(app):
        await asyncio.gather(*(client.call(app) for client in clients))
        scrape = Client("/metrics")
        await scrape.call(app)
    counted = [
        line
        for line in answered(scrape.sent).body.decode().splitlines()
        if line.startswith("http_server_request_duration_seconds_count") and '"/notes"' in line
    ]

    assert [client.status for client in clients] == [503 if handled else 500] * 3
    assert len(counted) == 1
    assert 'error_type="KeyError"' in counted[0]
    assert float(counted[0].split()[-1]) == 3
    if handled:
        assert len({answered(client.sent).body for client in clients}) == 3
