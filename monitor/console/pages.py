"""The pages that are kept up to date while somebody looks at them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.console import html as h
from monitor.console.cache_page import rollout_form, switch_forms
from monitor.console.html import Child
from monitor.console.live import Live
from monitor.console.page_frame import badge
from monitor.console.session import Session
from monitor.console.snapshot import Snapshot
from monitor.console.steering import Steering
from monitor.console.tables import ORDERS
from monitor.console.tenants import tenant_search
from monitor.console.views import Views
from monitor.console.visit import Visits

_SEE_OTHER: Final = 303
_OK, _NOT_FOUND = 200, 404


class Pages:
    """Answers with whole pages; each is drawn off the serving loop.

    Args:
        visits: Makes the frames of signed-in operators.
        live: Gives the snapshots.
        views: Draws what changes.
        steering: What an operator may move.
        domains: Every cached domain.
        executor: Where pages are drawn.
    """

    def __init__(
        self,
        visits: Visits,
        live: Live,
        views: Views,
        steering: Steering,
        domains: Sequence[str],
        executor: Executor | None,
    ) -> None:
        self._visits = visits
        self._live = live
        self._views = views
        self._steering = steering
        self._domains = domains
        self._executor = executor

    async def overview(self, request: Request, session: Session) -> Response:
        return await self._page(request, session, "Overview", "overview")

    async def alerts(self, request: Request, session: Session) -> Response:
        return await self._page(request, session, "Alerts", "alerts")

    async def tenants(self, request: Request, session: Session) -> Response:
        links = self._visits.links(request)
        naming = links.naming
        wanted = request.query_params.get(naming.singular, "").strip()
        if _is_number(wanted):
            return RedirectResponse(links.tenants(int(wanted)), _SEE_OTHER)
        asked = request.query_params.get("by", "")
        order = asked if asked in ORDERS else "requests"
        tools, view = tenant_search(links, order), f"{naming.plural}:{order}"
        return await self._page(request, session, naming.headings, view, before=lambda _: tools)

    async def tenant(self, request: Request, session: Session) -> Response:
        links = self._visits.links(request)
        naming = links.naming
        named = request.path_params[naming.singular]
        if not _is_number(named):
            return Response("There is no such page.", _NOT_FOUND)
        tenant = int(named)
        more = h.p(
            h.a("Its traces", href=links.narrowed("traces", tenant)),
            " · ",
            h.a("Switch its cache", href=f"{links.narrowed('cache', tenant)}#switch"),
        )
        return await self._page(
            request,
            session,
            f"{naming.heading} {tenant}",
            f"{naming.singular}:{tenant}",
            current=naming.headings,
            before=lambda _: more,
        )

    async def cache(self, request: Request, session: Session) -> Response:
        frame, query = self._visits.frame(request, session), request.query_params
        said, kind = self._steering.said(query.get("said", ""))
        tenant = query.get(frame.links.naming.singular, "")

        def forms(snapshot: Snapshot) -> Markup:
            return h.div(
                switch_forms(frame, self._domains, snapshot.off, tenant if _is_number(tenant) else ""),
                rollout_form(frame, self._domains, self._steering.share, durable=self._steering.is_durable),
                id="switch",
            )

        notice = h.p(badge(said, kind), role="status", id="said") if said else None
        return await self._page(request, session, "Cache", "cache", before=lambda _: notice, after=forms)

    async def _page(
        self,
        request: Request,
        session: Session,
        title: str,
        view: str,
        *,
        current: str = "",
        before: Callable[[Snapshot], Child] = lambda _: None,
        after: Callable[[Snapshot], Child] = lambda _: None,
    ) -> Response:
        frame = self._visits.frame(request, session)
        draw = self._views.find(view, frame.links)
        if draw is None:
            return Response("There is no such page.", _NOT_FOUND)
        snapshot = await self._live.latest()

        def write() -> bytes:
            content = (before(snapshot), draw(snapshot), after(snapshot))
            return frame.page(title, *content, current=current or title, view=view)

        page = await asyncio.get_running_loop().run_in_executor(self._executor, write)
        return Response(page, _OK, media_type="text/html")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20  # noqa: PLR2004 - digits of 2**63
