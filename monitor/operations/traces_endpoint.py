"""The recent traces over HTTP, for operators."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from monitor.operations.json_body import JsonBody
from monitor.problems import problem
from monitor.tenancy.naming import TenantNaming
from monitor.tracing.recent import RecentTraces, TraceView, Wanted

_MOST = 1_000
_NO_STORE = {"Cache-Control": "no-store"}

Handler = Callable[[Request], Awaitable[Response]]


class _Query(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    tenant: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    route: str | None = None
    outcome: Literal["ok", "slow", "failed"] | None = None
    longer_than_ms: Annotated[float, msgspec.Meta(ge=0, le=1e12)] = 0.0
    limit: Annotated[int, msgspec.Meta(ge=1, le=_MOST)] = 50


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
    right = (
        f"Of {naming.singular}, route, outcome, longerThanMs and limit each may stand once: an id, a path,"
        f" ok, slow or failed, a number from 0, a whole number from 1 to {_MOST}."
    )

    async def handler(request: Request) -> Response:
        if not may_read(request):
            return problem(HTTPStatus.FORBIDDEN, "Recent traces are for operators.")
        try:
            asked = _asked(request, naming.singular)
        except msgspec.ValidationError:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, right)
        wanted = Wanted(asked.tenant, asked.route, asked.outcome, asked.longer_than_ms / 1e3)
        found = await asyncio.to_thread(recent.find, wanted, asked.limit)
        return Response(answer.encode(_Answer(found)), 200, _NO_STORE, "application/json")

    return handler


def _asked(request: Request, tenant: str) -> _Query:
    pairs = request.query_params.multi_items()
    given = {"tenant" if name == tenant else name: value for name, value in pairs}
    if len(given) != len(pairs):
        raise msgspec.ValidationError("each parameter may stand once")
    return msgspec.convert(given, _Query, strict=False)
