"""The recent traces over HTTP, for operators."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from monitor.problems import problem
from monitor.tracing.recent import RecentTraces, TraceView, Wanted

_MOST = 1_000

Handler = Callable[[Request], Awaitable[Response]]


class _Answer(msgspec.Struct):
    traces: list[TraceView]


def show_recent_traces(recent: RecentTraces, may_read: Callable[[Request], bool]) -> Handler:
    """Return the handler that answers with recent traces as JSON.

    Query parameters: `clinic`, `route` (a template), `outcome` (`ok`, `slow`, `failed`),
    `longerThanMs` and `limit`.

    Args:
        recent: Where the traces are kept.
        may_read: Says whether the caller may see the traces of every clinic.
    """

    async def handler(request: Request) -> Response:
        if not may_read(request):
            return problem(HTTPStatus.FORBIDDEN, "Recent traces are for operators.")
        try:
            wanted, limit = _wanted(request.query_params)
        except ValueError:
            return problem(HTTPStatus.BAD_REQUEST, "clinic, longerThanMs and limit are numbers.")
        return _json(_Answer(await asyncio.to_thread(recent.find, wanted, limit)))

    return handler


def _wanted(query: QueryParams) -> tuple[Wanted, int]:
    wanted = Wanted(
        clinic=int(query["clinic"]) if "clinic" in query else None,
        route=query.get("route"),
        outcome=query.get("outcome"),
        longer_than_s=float(query.get("longerThanMs", "0")) / 1e3,
    )
    return wanted, max(1, min(int(query.get("limit", "50")), _MOST))


def _json(body: object) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), 200, headers, "application/json")
