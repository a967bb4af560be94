"""Taking a worker out of use before its sockets close, so that no request meets a closed door.

A load balancer notices at its next probe. Until then the worker answers as ever, says that it is
not ready, and tells every client to close its connection and come back by another one.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CLOSE = (b"connection", b"close")


class Drain:
    """Whether this worker is about to stop."""

    def __init__(self) -> None:
        self._begun = False
        self._source: Callable[[], bool] = lambda: False

    @property
    def under_way(self) -> bool:
        """Whether the worker takes leave: it is not ready, and connections are not kept."""
        return self._begun or self._source()

    def begin(self) -> None:
        """Take leave from now on; the server is stopped once the load balancer has noticed."""
        self._begun = True

    def follow(self, source: Callable[[], bool]) -> None:
        """Take leave once `source` says so, as a flag does that several processes share.

        Args:
            source: Asked at every request, so it must cost next to nothing.
        """
        self._source = source

    def telling(self, app: ASGIApp) -> ASGIApp:
        """Return the application, whose answers close their connections while the worker takes leave."""

        async def told(scope: Scope, receive: Receive, send: Send) -> None:
            closes = scope["type"] == "http" and self.under_way
            await app(scope, receive, _closing(send) if closes else send)

        return told


def _closing(send: Send) -> Send:
    async def close(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [header for header in message.get("headers", ()) if header[0].lower() != _CLOSE[0]]
            message = {**message, "headers": [*kept, _CLOSE]}
        await send(message)

    return close
