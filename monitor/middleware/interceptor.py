"""Answers GET requests from the cache where a route's plan allows it.

It stands inside the tenant middleware: who may see an answer is settled before the cache is
asked, and the key is made from the bound tenant. What it stores is the encoded answer, so a
hit is sent as it was stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.cache.keys import CacheKey
from monitor.cache.lookup import Load, Loaded, Lookup
from monitor.cache.observer import CacheResult
from monitor.errors import IncompleteAnswer
from monitor.middleware.capture import Capture
from monitor.middleware.request import record_of
from monitor.middleware.stored_answer import Headers, matches_any, unpack
from monitor.tenancy.identity import TenantId

# Stored for one user only, and asked for again each time: an invalidation cannot reach a browser.
_PRIVATE = ((b"cache-control", b"private, no-cache"), (b"vary", b"authorization"))

_READS = ("GET", "HEAD")
# Requests whose keys are remembered, and their longest path and query: the memory is the client's to fill.
_PLANNED, _LONGEST = 20_000, 200

Query = Sequence[tuple[str, str]]
KeyMaker = Callable[[TenantId, Mapping[str, str], Query], CacheKey | None]


@dataclass(frozen=True, slots=True)
class CachedRoute:
    """How the answers of one route are cached.

    Attributes:
        path: The route's template, as in the route table.
        key: Makes the key from the bound tenant, the path's parameters and the query; None
            leaves the request uncached, for instance when a parameter is invalid. The same
            arguments must always give the same key.
    """

    path: str
    key: KeyMaker


class Cache(Protocol):
    """What the interceptor asks of the cache."""

    async def get_or_load(self, key: CacheKey, load: Load, *, bypass: bool = False) -> Lookup:
        """Return what is stored under `key`, or what `load` returns."""
        ...


class RouteMatcher:
    """Finds the plan of a path: exact ones in a dictionary, templates by Starlette's own pattern."""

    def __init__(self, routes: Sequence[CachedRoute]) -> None:
        self._exact = {route.path: route for route in routes if "{" not in route.path}
        self._templates = [(compile_path(route.path)[0], route) for route in routes if "{" in route.path]

    def match(self, path: str) -> tuple[CachedRoute, Mapping[str, str]] | None:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        for pattern, route in self._templates:
            found = pattern.match(path)
            if found is not None:
                return route, found.groupdict()
        return None


class CacheInterceptor:
    """Pure ASGI middleware that answers planned GET and HEAD requests from the cache.

    Args:
        app: The application behind.
        cache: Usually a `TenantCache`.
        routes: The routes that may be cached. Their answers must be complete in themselves:
            an endless stream has no place here.
        name: Who we are in `Cache-Status` (RFC 9211).
    """

    def __init__(
        self, app: ASGIApp, cache: Cache, routes: Sequence[CachedRoute], name: str = "TaskMed"
    ) -> None:
        self._app = app
        self._cache = cache
        self._matcher = RouteMatcher(routes)
        self._name = name.encode()
        self._behind: set[asyncio.Future[None]] = set()
        self._planned: dict[tuple[TenantId, str, bytes, str], tuple[CacheKey, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        record = record_of(scope)
        lookup = await self._cache.get_or_load(key, lambda: self._load(scope, key), bypass=record.bypass)
        record.cache = lookup.result
        await self._answer(scope, send, lookup)

    def _key(self, scope: Scope) -> CacheKey | None:
        if scope["type"] != "http" or scope["method"] not in _READS:
            return None
        record = record_of(scope)
        tenant = record.tenant
        # Without a tenant the request goes on and fails closed at the first tenant data it touches.
        if tenant is None:
            return None
        asked = (tenant, scope["path"], scope["query_string"], scope.get("root_path", ""))
        planned = self._planned.get(asked) or self._plan(*asked)
        if planned is None:
            return None
        key, record.route = planned
        return key

    def _plan(self, tenant: TenantId, path: str, query: bytes, root: str) -> tuple[CacheKey, str] | None:
        found = self._matcher.match(path.removeprefix(root))
        if found is None:
            return None
        route, parameters = found
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else ()
        key = route.key(tenant, parameters, pairs)
        if key is None:
            return None
        planned = key, route.path
        if len(path) + len(query) <= _LONGEST:
            if len(self._planned) >= _PLANNED:
                self._planned.clear()
            self._planned[tenant, path, query, root] = planned
        return planned

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

    async def _answer(self, scope: Scope, send: Send, lookup: Lookup) -> None:
        answer = unpack(lookup.value)
        headers = list(answer.headers)
        headers.append((b"cache-status", cache_status(self._name, lookup)))
        if answer.etag:
            headers += (
                (b"etag", answer.etag),
                (b"cache-control", b"private, no-cache"),
                (b"vary", b"authorization"),
            )
            if _unchanged(scope, answer.etag):
                await _send(send, 304, headers, b"")
                return
        headers.append((b"content-length", b"%d" % len(answer.body)))
        await _send(send, answer.status, headers, b"" if scope["method"] == "HEAD" else answer.body)


def cache_status(name: bytes, lookup: Lookup) -> bytes:
    """Render `Cache-Status` (RFC 9211); the key is left out, it may name a person's data."""
    if lookup.result is CacheResult.HIT:
        return b"%s; hit; ttl=%d" % (name, lookup.ttl_left_s)
    if lookup.result is CacheResult.STALE:
        return b"%s; hit; ttl=%d; detail=stale" % (name, lookup.ttl_left_s)
    reason = {CacheResult.MISS: b"miss", CacheResult.BYPASS: b"bypass"}.get(
        lookup.result, b"bypass; detail=error"
    )
    stored = b"; stored" if lookup.stored else b""
    collapsed = b"; collapsed" if lookup.collapsed else b""
    return b"%s; fwd=%s%s%s" % (name, reason, stored, collapsed)


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _unchanged(scope: Scope, etag: bytes) -> bool:
    return any(name == b"if-none-match" and matches_any(value, etag) for name, value in scope["headers"])
