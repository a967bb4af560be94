"""What a proxy in front says of the browser's own request, taken from named proxies only."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.networks import Networks
from monitor.path_prefix import is_prefix, prefix_of

_ENCRYPTED: Final = {"http": "https", "ws": "wss"}


class ForwardedMiddleware:
    """Pure ASGI middleware that tells the application its public scheme and prefix.

    It stands outermost, and only where something is configured. `X-Forwarded-Proto` and
    `X-Forwarded-Prefix` of anybody but the named proxies are words of a stranger and pass unread.

    Args:
        app: The application behind.
        proxies: The peers whose headers are believed.
        root_path: What a proxy strips from every path before it hands the request on, such as
            `/vet`; a server's own `root_path` and a named proxy's header stand before it.

    Raises:
        ConfigurationError: The prefix is no path.
    """

    def __init__(self, app: ASGIApp, *, proxies: Networks, root_path: str = "") -> None:
        self._app = app
        self._proxies = proxies
        self._root_path = prefix_of(root_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            self._tell(scope)
        await self._app(scope, receive, send)

    def _tell(self, scope: Scope) -> None:
        prefix, client = self._root_path, scope.get("client")
        if client is not None and client[0] in self._proxies:
            headers = dict(scope["headers"])
            if headers.get(b"x-forwarded-proto", b"").rpartition(b",")[2].strip().lower() == b"https":
                scope["scheme"] = _ENCRYPTED.get(scope["scheme"], scope["scheme"])
            told = headers.get(b"x-forwarded-prefix", b"").decode("latin-1").rstrip("/")
            prefix = told if is_prefix(told) else prefix
        if prefix and not scope.get("root_path"):
            scope["root_path"] = prefix
