"""The layer that makes requests suffer the fault that an operator has set, for drills."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.problems import Unexpected, render
from app.services.stress import StressService
from monitor.clock import Clock
from monitor.middleware.request import record_of

_SUFFERS = "/api/"
# What steers and watches a drill must go on working in it.
_SPARED = ("/api/stress/", "/api/health", "/api/metrics", "/api/cache")


class FaultLayer:
    """Pure ASGI middleware; it stands inside the tenant middleware and outside the interceptor.

    Args:
        app: The application behind.
        stress: Holds the fault.
        clock: What delays are slept on.
        routes: By whose templates the requests that suffer are counted.
    """

    def __init__(
        self, app: ASGIApp, stress: StressService, clock: Clock, routes: Sequence[Route] = ()
    ) -> None:
        self._app = app
        self._stress = stress
        self._clock = clock
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _may_suffer(scope["path"]):
            await self._app(scope, receive, send)
            return
        record = record_of(scope)
        fault = self._stress.affecting(record.tenant)
        if fault is None:
            await self._app(scope, receive, send)
            return
        # A failure here never meets the router, and would be counted under no route.
        record.route = self._route_of(scope)
        if fault.delay_ms:
            await self._clock.sleep(fault.delay_ms / 1_000)
        if self._stress.must_fail(fault):
            await render(Unexpected(), scope)(scope, receive, send)
            return
        record.bypass = fault.bypass_cache
        await self._app(scope, receive, send)

    def _route_of(self, scope: Scope) -> str | None:
        """Return the template of the route that the request is for; None where none matches whole."""
        return next((route.path for route in self._routes if route.matches(scope)[0] is Match.FULL), None)


def _may_suffer(path: str) -> bool:
    return path.startswith(_SUFFERS) and not path.startswith(_SPARED)
