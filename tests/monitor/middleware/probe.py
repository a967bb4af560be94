"""An application that ends in every way, and a client that behaves in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message
from starlette.websockets import WebSocket

from monitor.middleware.request import record_of


class Failure(Exception):
    """What the probe's handlers raise."""


@dataclass
class Client:
    """The other side of one ASGI call.

    Attributes:
        method: The request's method.
        path: Its path.
        headers: Its headers.
        breaks_after: Messages it takes before `send` says that it is gone; None: all.
        leaves: Whether it disconnects once it has sent its request.
        sent: What the application sent.
        gone: Set to disconnect later.
        spec_version: The version of the ASGI HTTP specification that the server claims.
    """

    path: str
    method: str = "GET"
    headers: Sequence[tuple[bytes, bytes]] = ()
    breaks_after: int | None = None
    leaves: bool = False
    spec_version: str = "2.4"
    sent: list[Message] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def scope(self) -> dict[str, Any]:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": self.spec_version},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"testserver"), *self.headers],
            "client": ("127.0.0.1", 50_000),
            "server": ("testserver", 80),
            "state": {},
        }

    async def receive(self) -> Message:
        if self.leaves:
            self.gone.set()
        if not self.leaves and not self.sent and not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    _asked: bool = False

    async def send(self, message: Message) -> None:
        if self.breaks_after is not None and len(self.sent) >= self.breaks_after:
            raise OSError("the client is gone")
        self.sent.append(message)

    async def call(self, app: ASGIApp) -> None:
        """Call the application; what it raises is for the server's log and ends here."""
        try:
            await app(self.scope(), self.receive, self.send)
        except Exception:  # noqa: BLE001 - a server goes on whatever the application raises
            return

    @property
    def status(self) -> int | None:
        starts = [message for message in self.sent if message["type"] == "http.response.start"]
        return starts[0]["status"] if starts else None


class Probe:
    """The application's handlers.

    Args:
        advance: Lets time pass, in seconds.
        held: What `/held` and others wait for.
    """

    def __init__(self, advance: Callable[[float], None], held: asyncio.Event) -> None:
        self.advance = advance
        self.held = held

    def app(self, middleware: Sequence[Middleware] = ()) -> Starlette:
        """Build the application; `middleware` stands inside Starlette's own error handling."""
        inner: list[BaseRoute] = [
            Route("/items/{item_id}", self.show),
            WebSocketRoute("/rooms/{room}", self.echo),
        ]
        routes: list[BaseRoute] = [
            Route("/contacts/{contact_id}", self.show),
            Route("/broken", self.broken),
            Route("/unavailable", self.unavailable),
            Route("/failing-answer", self.failing_answer),
            Route("/stream", self.stream),
            Route("/stream-broken", self.stream_broken),
            Route("/stream-held", self.stream_held),
            Route("/events", self.events),
            Route("/background", self.background),
            Route("/background-broken", self.background_broken),
            Route("/held", self.hold),
            Route("/body", self.body, methods=["POST"]),
            WebSocketRoute("/refused", self.refuse),
            WebSocketRoute("/socket-broken", self.socket_broken),
            WebSocketRoute("/listen", self.listen),
            Mount("/api/v2/{org}", routes=inner),
        ]
        return Starlette(routes=routes, middleware=middleware)

    async def show(self, _: Request) -> Response:
        self.advance(0.020)
        return PlainTextResponse("shown")

    async def broken(self, _: Request) -> Response:
        self.advance(0.030)
        raise Failure

    async def unavailable(self, _: Request) -> Response:
        raise HTTPException(503)

    async def failing_answer(self, _: Request) -> Response:
        return PlainTextResponse("sorry", 500)

    async def parts(self, then: BaseException | None = None, *, hold: bool = False) -> AsyncIterator[bytes]:
        self.advance(0.010)
        yield b"one"
        self.advance(0.050)
        if then is not None:
            raise then
        if hold:
            await self.held.wait()
        yield b"two"

    async def stream(self, _: Request) -> Response:
        return StreamingResponse(self.parts())

    async def stream_broken(self, _: Request) -> Response:
        return StreamingResponse(self.parts(Failure()))

    async def stream_held(self, _: Request) -> Response:
        return StreamingResponse(self.parts(hold=True))

    async def events(self, request: Request) -> Response:
        record_of(request.scope).lasting = True
        return StreamingResponse(self.parts(hold=True))

    async def background(self, _: Request) -> Response:
        async def work() -> None:
            self.advance(300.0)
            await self.held.wait()

        self.advance(0.020)
        return PlainTextResponse("done", background=BackgroundTask(work))

    async def background_broken(self, _: Request) -> Response:
        async def work() -> None:
            raise Failure

        return PlainTextResponse("done", background=BackgroundTask(work))

    async def hold(self, _: Request) -> Response:
        self.advance(0.040)
        await self.held.wait()
        return PlainTextResponse("at last")

    async def body(self, request: Request) -> Response:
        return PlainTextResponse(await request.body())

    async def echo(self, socket: WebSocket) -> None:
        await socket.accept()
        self.advance(2.0)
        await socket.send_text(await socket.receive_text())
        await socket.close()

    async def refuse(self, socket: WebSocket) -> None:
        await socket.close()

    async def socket_broken(self, socket: WebSocket) -> None:
        await socket.accept()
        raise Failure

    async def listen(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive_text()
