"""Answers GET requests from the cache where a route's plan allows it.

It stands inside the tenant middleware: who may see an answer is settled before the cache is
asked, and the key is made from the bound tenant. What it stores is the encoded answer, so a
hit is sent as it was stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection
from typing import Any, Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.cache.cache_observer import CacheResult
from monitor.cache.keys import CacheKey, variant_of
from monitor.cache.lookup import Load, Lookup
from monitor.cache.near_hits import FirstLook
from monitor.cache.single_flight import Gone
from monitor.clock import Clock
from monitor.errors import BrokenAnswer
from monitor.middleware.cache_plans import CachePlans
from monitor.middleware.inner_app import InnerApp
from monitor.middleware.ready_answer import ReadyAnswer, cache_status, structured
from monitor.middleware.request import RequestRecord, record_of
from monitor.middleware.reuse import chosen_alike, selecting
from monitor.middleware.route_load import RouteLoad
from monitor.middleware.stored_answer import Headers

_READS = ("GET", "HEAD")
_FROM_CACHE = (CacheResult.HIT, CacheResult.STALE)
_NO_HEADERS: Headers = []


class Cache(Protocol):
    """What the interceptor asks of the cache."""

    def get_or_load(
        self,
        key: CacheKey,
        load: Load,
        *,
        bypass: bool = False,
        looked: FirstLook[Any] | None = None,
        gone: Gone | None = None,
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
        clock: Dates answers.
        overriding: Domains whose policies decide in the place of an answer's own `Cache-Control`.
        inner: Told where the service behind sign-in is entered; None where nobody asks for it.
        name: Who we are in `Cache-Status` (RFC 9211).
    """

    def __init__(
        self,
        app: ASGIApp,
        cache: Cache,
        plans: CachePlans,
        *,
        clock: Clock,
        overriding: Collection[str] = (),
        inner: InnerApp | None = None,
        name: str = "monitor",
    ) -> None:
        if inner is not None:
            inner.open(self)
        self._app = app
        self._cache = cache
        self._plans = plans
        self._name = structured(name)
        self._time = clock.time
        self._overriding = frozenset(overriding)
        self._last: ReadyAnswer | None = None
        self._behind: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        record = record_of(scope)
        load = RouteLoad(self, self._app, scope, receive, key)
        try:
            lookup = await self._cache.get_or_load(
                key, load, bypass=record.bypass, looked=record.looked, gone=load.gone
            )
            ready = self._ready(lookup.value)
            if ready.varies and not chosen_alike(ready.varies, scope):
                chosen_by = b"\n".join(b"%s:%s" % pair for pair in selecting(ready.varies, scope))
                key = variant_of(key, chosen_by)
                load = RouteLoad(self, self._app, scope, receive, key)
                lookup = await self._cache.get_or_load(key, load, bypass=record.bypass, gone=load.gone)
                ready = self._ready(lookup.value)
                if not chosen_alike(ready.varies, scope):
                    # It is chosen by other headers each time.
                    await self._app(scope, receive, send)
                    return
        except BrokenAnswer as broken:
            await _break_off(broken, send)
            return
        await self._answer(ready, lookup, load, scope, record, send)

    def time(self) -> float:
        return self._time()

    def overrides(self, domain: str) -> bool:
        return domain in self._overriding

    def go_on_behind(self, running: asyncio.Future[None]) -> None:
        # The loop itself keeps only a weak reference.
        self._behind.add(running)
        running.add_done_callback(self._behind.discard)

    async def _answer(
        self,
        ready: ReadyAnswer,
        lookup: Lookup,
        load: RouteLoad,
        scope: Scope,
        record: RequestRecord,
        send: Send,
    ) -> None:
        record.cache = lookup.result
        asked = record.headers
        if asked is None:
            asked = dict(scope["headers"])
        status = cache_status(self._name, lookup)
        if lookup.result in _FROM_CACHE:
            start, body = ready.messages(scope, asked, status, lookup.age_s)
        elif ready.is_for_one:
            record.error_type = ready.error_type or None
            start, body = ready.messages_for(
                scope, asked, status, record.trace_id if lookup.collapsed else None
            )
        else:
            own = _NO_HEADERS if lookup.collapsed else load.own
            start, body = ready.messages(scope, asked, status, lookup.age_s or None, own)
        await send(start)
        await send(body)
        if load.failure is not None and not lookup.collapsed:
            raise load.failure

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


async def _break_off(broken: BrokenAnswer, send: Send) -> None:
    await send(broken.start)
    await send(broken.part)
    if broken.failure is not None:
        raise broken.failure
