"""The recent traces over HTTP, for operators."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from monitor.operations.json_body import JsonBody
from monitor.problems import problem
from monitor.tenancy.naming import TenantNaming
from monitor.tracing.recent import RecentTraces, TraceView, Wanted

_MOST = 1_000
_NO_STORE = {"Cache-Control": "no-store"}

Handler = Callable[[Request], Awaitable[Response]]


class _Answer(msgspec.Struct):
    traces: list[TraceView]


def show_recent_traces(
    recent: RecentTraces, may_read: Callable[[Request], bool], naming: TenantNaming
) -> Handler:
    """Return the handler that answers with recent traces as JSON.

    Query parameters: the service's noun for a tenant, `route` (a template), `outcome` (`ok`,
    `slow`, `failed`), `longerThanMs` and `limit`.

    Args:
        recent: Where the traces are kept.
        may_read: Says whether the caller may see the traces of every tenant.
        naming: What the service calls its tenants.
    """
    answer = JsonBody(_Answer, naming)

    async def handler(request: Request) -> Response:
        if not may_read(request):
            return problem(HTTPStatus.FORBIDDEN, "Recent traces are for operators.")
        try:
            wanted, limit = _wanted(request.query_params, naming.singular)
        except ValueError:
            return problem(HTTPStatus.BAD_REQUEST, f"{naming.singular}, longerThanMs and limit are numbers.")
        found = await asyncio.to_thread(recent.find, wanted, limit)
        return Response(answer.encode(_Answer(found)), 200, _NO_STORE, "application/json")

    return handler


def _wanted(query: QueryParams, tenant: str) -> tuple[Wanted, int]:
    wanted = Wanted(
        tenant=int(query[tenant]) if tenant in query else None,
        route=query.get("route"),
        outcome=query.get("outcome"),
        longer_than_s=float(query.get("longerThanMs", "0")) / 1e3,
    )
    return wanted, max(1, min(int(query.get("limit", "50")), _MOST))
