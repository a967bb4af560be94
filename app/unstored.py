"""Medical records are stored nowhere on their way: the service caches them, nobody behind it does."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_RECORDS = "/api/medical-records"


class Unstored:
    """Pure ASGI middleware; outside the cache, whose own answers it covers too (RFC 9111, 5.2.2.5).

    Args:
        app: The application behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    # Not a coroutine: every other request is handed on without one of its own.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or not scope["path"].startswith(_RECORDS):
            return self._app(scope, receive, send)

        async def unstored(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Cache-Control"] = "no-store"
            await send(message)

        return self._app(scope, receive, unstored)
