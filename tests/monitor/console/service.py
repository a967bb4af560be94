"""A small service with the kit's console, and an operator with a browser's manners."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

from httpx2 import ASGITransport, AsyncClient
from httpx2 import Response as Answer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.cache.keys import make_key
from monitor.cache.policy import CachePolicy
from monitor.clock import Clock
from monitor.errors import AuthenticationError
from monitor.kit.adoption import Adoption
from monitor.kit.build_monitor import build_monitor
from monitor.kit.monitor import Monitor
from monitor.middleware.cached_route import CachedRoute
from monitor.settings import MonitorSettings
from monitor.tenancy.identity import Identity, TenantId

KEY = b"k" * 32
NOTES = CachedRoute("/notes", lambda tenant, _path, _query: make_key(tenant, "notes", "list"))


class Tokens:
    """Takes words for tokens; a withdrawn one is no longer taken."""

    def __init__(self) -> None:
        self.known = {
            "op-secret": Identity(None, "op-1", "operator", operator=True),
            "op-short": Identity(None, "op-2", "operator", operator=True, expires_at=1_750_000_060.0),
            "staff-1": Identity(TenantId(1), "u-1", "staff"),
            "staff-2": Identity(TenantId(2), "u-2", "staff"),
        }

    def resolve(self, authorization: bytes) -> Identity:
        if not authorization:
            raise AuthenticationError("missing")
        identity = self.known.get(authorization.decode().removeprefix("Bearer "))
        if identity is None:
            raise AuthenticationError("forged")
        return identity


class Service:
    """The service.

    Attributes:
        app: The ASGI application.
        tokens: Its resolver.
    """

    def __init__(self, monitor: Monitor, tokens: Tokens) -> None:
        self.monitor = monitor
        self.tokens = tokens
        self.app = Starlette(
            routes=[Route("/notes", _notes), Route("/broken", _broken), *monitor.routes()],
            middleware=monitor.middleware(),
            lifespan=monitor.lifespan,
        )

    def browser(self, scheme: str = "http") -> AsyncClient:
        transport = ASGITransport(self.app, raise_app_exceptions=False)
        return AsyncClient(transport=transport, base_url=f"{scheme}://clinic.test", follow_redirects=False)

    async def work(self, path: str = "/notes", token: str = "staff-1", times: int = 1) -> None:
        """Send requests as a tenant's user does."""
        async with self.browser() as browser:
            for _ in range(times):
                await browser.get(path, headers={"authorization": f"Bearer {token}"})

    @asynccontextmanager
    async def operator(self, token: str = "op-secret") -> AsyncIterator[Operator]:
        """Give a signed-in operator's browser."""
        async with self.browser() as browser:
            operator = Operator(browser)
            answer = await operator.sign_in(token)
            assert answer.status_code == 303, answer.text
            yield operator


class Operator:
    """Reads pages and sends their forms."""

    def __init__(self, browser: AsyncClient) -> None:
        self.browser = browser

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.browser.get(path, headers=headers)

    async def sign_in(self, token: str, page: str = "/console/sign-in", **headers: str) -> Answer:
        form = (await self.get(page)).text
        fields = {"form_token": proof_in(form), "token": token, "onward": field_in(form)}
        return await self.post("/console/sign-in", fields, **headers)

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        return await self.browser.post(path, data=fields, headers=headers)

    async def send(self, page: str, path: str, **fields: str) -> Answer:
        """Send a form of a page with the proof that the page holds."""
        return await self.post(path, {"form_token": proof_in((await self.get(page)).text), **fields})


def proof_in(page: str) -> str:
    """Return what the page's first form must carry."""
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found is not None, page
    return found[1]


def field_in(page: str) -> str:
    """Return where a sign-in page leads."""
    found = re.search(r'name="onward" value="([^"]*)"', page)
    return "" if found is None else unescape(found[1])


def build(clock: Clock | None = None, **adopted: Any) -> Service:
    """Return the service, not yet running; what is given changes the adoption."""
    tokens = Tokens()
    options: dict[str, Any] = {
        "resolver": tokens,
        "policies": [CachePolicy("notes", ttl_s=300), CachePolicy("medical_records", ttl_s=300)],
        "cached": [NOTES],
        "console_keys": [KEY],
        **adopted,
    }
    settings = MonitorSettings(service="clinic", access_log=False)
    return Service(build_monitor(settings, Adoption(**options), clock=clock, stream=io.BytesIO()), tokens)


@asynccontextmanager
async def running(clock: Clock | None = None, **adopted: Any) -> AsyncIterator[Service]:
    """Run the service until the block ends."""
    service = build(clock, **adopted)
    async with service.monitor.lifespan():
        yield service


async def _notes(_request: Request) -> Response:
    await asyncio.sleep(0)
    return PlainTextResponse("notes")


async def _broken(_request: Request) -> Response:
    raise RuntimeError("broken for the test")
