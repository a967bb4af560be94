"""The service behind sign-in: what it answers a tenant, asked from within.

What is asked for here goes through the cache as a request does: the same key, the same load
and the same bytes. It is no request, though, and counts in none of the HTTP metrics.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Message

from monitor.errors import ConfigurationError, IncompleteAnswer
from monitor.middleware.request import open_record
from monitor.tenancy.context import bind
from monitor.tenancy.identity import Identity, TenantId

_USER = "monitor"
_UNCACHED = "uncached"


class InnerApp:
    """Asks the request chain from behind sign-in on; the chain's entrance there opens it.

    Args:
        role: The role of the user as whom it asks: one that may read what is warmed.
    """

    def __init__(self, role: str = _USER) -> None:
        self._role = role
        self._inside: ASGIApp | None = None

    def open(self, inside: ASGIApp) -> None:
        """Send what is asked from now on to `inside`."""
        self._inside = inside

    @property
    def is_open(self) -> bool:
        """Whether the chain has been built."""
        return self._inside is not None

    async def ask(self, path: str, tenant: TenantId, app: object) -> str:
        """Ask for `path` as a user of the tenant would, and return what the cache made of it.

        Args:
            path: The path, with its query.
            tenant: Who is bound.
            app: The application, as its routes find it in `request.app`.

        Returns:
            The lookup's outcome; `uncached` where no plan covers the path; `error` where the
            answer is one.

        Raises:
            ConfigurationError: The request chain has not been built.
        """
        if self._inside is None:
            raise ConfigurationError("middleware", "serve with the kit's: there is no chain to ask yet")
        scope = _scope(path, Identity(tenant, _USER, self._role), app)
        record = open_record(scope, 0.0)
        record.tenant, record.identity = tenant, scope["state"]["identity"]
        statuses: list[int] = []
        bodies: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            # Who asks never leaves: after the body there is nothing to be told.
            return bodies.pop() if bodies else await asyncio.get_running_loop().create_future()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        with bind(tenant):
            await self._inside(scope, receive, send)
        if not statuses:
            raise IncompleteAnswer
        return "error" if statuses[0] >= HTTPStatus.BAD_REQUEST else str(record.cache or _UNCACHED)


def _scope(path: str, identity: Identity, app: object) -> dict[str, Any]:
    plain, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(plain),
        "raw_path": quote(unquote(plain)).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [],
        "client": None,
        "server": None,
        "state": {"identity": identity},
        "app": app,
    }
