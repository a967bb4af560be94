"""`/console`: what an operator sees and may do, put together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.clock import Clock
from monitor.console.assets import show_asset
from monitor.console.event_stream import Events, EventStream, event
from monitor.console.links import PREFIX, tenant_paths
from monitor.console.live import Live
from monitor.console.pages import Pages
from monitor.console.security import harden
from monitor.console.steering import Steering
from monitor.console.trace_pages import TracePages
from monitor.console.views import ViewRenderer, Views
from monitor.console.visit import Visits
from monitor.tracing.recent import RecentTraces

_UNAUTHORIZED, _NOT_FOUND = 401, 404


class Console:
    """The console's routes.

    Args:
        visits: Lets operators in.
        live: Looks the service over for all who watch.
        views: Draws what changes.
        recent: The last traces.
        steering: What an operator may move.
        domains: Every cached domain.
        executor: Where pages are drawn, off the serving loop.
        stream_s: How long a stream of events lasts before the browser asks again. A server that
            stops waits for open answers and tells nobody, so an open console delays it that long.
    """

    def __init__(
        self,
        visits: Visits,
        live: Live,
        views: Views,
        recent: RecentTraces,
        steering: Steering,
        domains: Sequence[str],
        executor: Executor | None,
        clock: Clock,
        *,
        stream_s: float = 4.0,
    ) -> None:
        self._visits = visits
        self._live = live
        self._views = views
        self._steering = steering
        self._clock = clock
        self._stream_s = stream_s
        self._pages = Pages(visits, live, views, steering, domains, executor)
        self._traces = TracePages(visits, live, recent, executor)

    def routes(self) -> list[BaseRoute]:
        """Return everything under `/console`."""
        visits, pages = self._visits, self._pages
        tenants, tenant = tenant_paths(visits.naming)
        shown = {
            "": pages.overview,
            tenants: pages.tenants,
            tenant: pages.tenant,
            "/cache": pages.cache,
            "/alerts": pages.alerts,
            "/traces": self._traces.traces,
            "/traces/{trace}": self._traces.trace,
        }
        taken = {
            "/sign-out": visits.sign_out,
            "/cache/switch": self._steering.switch,
            "/cache/rollout": self._steering.roll_out,
        }
        return [
            Route(f"{PREFIX}/sign-in", visits.show_sign_in),
            Route(f"{PREFIX}/sign-in", visits.sign_in, methods=["POST"]),
            Route(f"{PREFIX}/assets/{{name}}", show_asset),
            Route(f"{PREFIX}/events", self._events),
            *(Route(PREFIX + path, visits.page(show)) for path, show in shown.items()),
            *(Route(PREFIX + path, visits.action(act), methods=["POST"]) for path, act in taken.items()),
        ]

    async def _events(self, request: Request) -> Response:
        session, links = await self._visits.session(request), self._visits.links(request)
        if session is None:
            return harden(Response(status_code=_UNAUTHORIZED))
        name = request.query_params.get("view", "")
        view = self._views.find(name, links)
        if view is None:
            return harden(Response(status_code=_NOT_FOUND))
        left_s = session.ends - self._clock.time()
        longest_s = min(self._stream_s, left_s)
        return harden(EventStream(lambda: self._follow(f"{links.root} {name}", view), self._clock, longest_s))

    async def _follow(self, key: str, view: ViewRenderer) -> Events:
        async with aclosing(self._live.watch()) as snapshots:
            async for snapshot in snapshots:
                yield await self._live.rendered(key, lambda at: event(view(at).encode()), snapshot)
