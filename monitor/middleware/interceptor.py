"""Answers GET requests from the cache where a route's plan allows it.

It stands inside the tenant middleware: who may see an answer is settled before the cache is
asked, and the key is made from the bound tenant. What it stores is the encoded answer, so a
hit is sent as it was stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.cache.keys import CacheKey
from monitor.cache.lookup import Load, Loaded, Lookup
from monitor.cache.near_hits import FirstLook
from monitor.errors import IncompleteAnswer
from monitor.middleware.cache_plans import CachePlans
from monitor.middleware.capture import Capture
from monitor.middleware.inner_app import InnerApp
from monitor.middleware.ready_answer import ReadyAnswer, cache_status
from monitor.middleware.request import record_of

_READS = ("GET", "HEAD")


class Cache(Protocol):
    """What the interceptor asks of the cache."""

    def get_or_load(
        self, key: CacheKey, load: Load, *, bypass: bool = False, looked: FirstLook[Any] | None = None
    ) -> Awaitable[Lookup]:
        """Return what is stored under `key`, or what `load` returns; `looked` as its first look found it."""
        ...


class CacheInterceptor:
    """Pure ASGI middleware that answers planned GET and HEAD requests from the cache.

    Args:
        app: The application behind.
        cache: Usually a `TenantCache`.
        plans: The requests that may be cached. Their answers must be complete in themselves:
            an endless stream has no place here.
        inner: Told where the service behind sign-in is entered; None where nobody asks for it.
        name: Who we are in `Cache-Status` (RFC 9211).
    """

    def __init__(
        self,
        app: ASGIApp,
        cache: Cache,
        plans: CachePlans,
        *,
        inner: InnerApp | None = None,
        name: str = "monitor",
    ) -> None:
        if inner is not None:
            inner.open(self)
        self._app = app
        self._cache = cache
        self._plans = plans
        self._name = name.encode()
        self._last: ReadyAnswer | None = None
        self._behind: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        record = record_of(scope)
        lookup = await self._cache.get_or_load(
            key, lambda: self._load(scope, key), bypass=record.bypass, looked=record.looked
        )
        record.cache = lookup.result
        start, body = self._ready(lookup.value).messages(scope, cache_status(self._name, lookup))
        await send(start)
        await send(body)

    def _ready(self, value: bytes) -> ReadyAnswer:
        # Those whom one trip to the store or one load answers share its bytes, and come one by one.
        ready = self._last
        if ready is None or ready.value is not value:
            ready = self._last = ReadyAnswer(value)
        return ready

    def _key(self, scope: Scope) -> CacheKey | None:
        if scope["type"] != "http" or scope["method"] not in _READS:
            return None
        record = record_of(scope)
        tenant = record.tenant
        # Without a tenant the request goes on and fails closed at the first tenant data it touches.
        if tenant is None:
            return None
        plan = self._plans.of(tenant, scope, record)
        if plan is None:
            return None
        key, record.route = plan
        return key

    async def _load(self, scope: Scope, key: CacheKey) -> Loaded:
        # The load may outlive its first caller, so it gets a scope and a client of its own.
        capture = Capture(asyncio.get_running_loop().create_future())
        running = asyncio.ensure_future(self._app({**scope, "method": "GET"}, capture.receive, capture.send))
        try:
            await asyncio.wait({running, capture.complete}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            running.cancel()
            raise
        if not capture.complete.done():
            await running
            raise IncompleteAnswer
        self._keep(running)
        return capture.loaded(key, scope["path"])

    def _keep(self, running: asyncio.Future[None]) -> None:
        # An answer's background work goes on behind it; the loop itself keeps only a weak reference.
        if not running.done():
            self._behind.add(running)
            running.add_done_callback(self._behind.discard)
