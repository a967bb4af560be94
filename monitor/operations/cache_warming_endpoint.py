"""`/api/cache/warm`: what tenants ask for first, asked for by the service itself; for operators.

The service says which paths those are; the kit asks for them from within, at a bounded rate,
so that what is warmed is what a request would have stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from monitor.cache.warming import Warming, WarmItem
from monitor.clock import Clock
from monitor.errors import MonitorError
from monitor.middleware.inner_app import InnerApp
from monitor.middleware.request import record_of
from monitor.operations.json_body import JsonBody
from monitor.operations.orders import OrderRefused, read_order
from monitor.problems import problem
from monitor.tenancy.identity import Identity, TenantId
from monitor.tenancy.naming import TenantNaming

if TYPE_CHECKING:  # a service without a database loads none of it
    from monitor.database.engine import Database

RATE = 100.0
_MOST_PER_SECOND = 10_000.0
_PATIENCE_S, _LOOK_S, _TELL_S = 15.0, 0.05, 0.25
_STREAM = "application/x-ndjson"
_NO_STORE = {"Cache-Control": "no-store"}
_log = structlog.get_logger(__name__)


class WarmPath(NamedTuple):
    """One answer that a tenant asks for first.

    Attributes:
        tenant: Whose it is.
        path: The path of a cached route, with its query.
    """

    tenant: TenantId
    path: str


WarmList = Callable[["Database", TenantId | None], Awaitable[Sequence[WarmPath]]]


class WarmOrder(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What an operator asks for: one tenant or all, and how many lookups a second."""

    tenant_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    rate: Annotated[float, msgspec.Meta(gt=0, le=_MOST_PER_SECOND)] = RATE


class WarmState(StrEnum):
    """Where a warming is."""

    IDLE = "idle"  # none was asked for since the start of this worker
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # the cache was not in use, or the list could not be read


class WarmProgress(msgspec.Struct, rename="camel"):
    """How far this worker's last warming is.

    Attributes:
        state: Where it is.
        tenant_id: The tenant; null for all.
        rate: Most lookups in a second.
        total: How many answers are on the list.
        done: How many of them were asked for.
        results: How many lookups ended how.
        seconds: How long it has taken so far.
    """

    state: WarmState = WarmState.IDLE
    tenant_id: int | None = None
    rate: float = RATE
    total: int = 0
    done: int = 0
    results: dict[str, int] = {}
    seconds: float = 0.0


class CacheWarming:
    """Warms the cache of this worker, and so the store of all.

    Args:
        inner: Where the answers are asked for.
        listed: Says what a tenant, or every tenant (None), asks for first.
        ready: Whether this worker may use the cache now.
        clock: Time.
        identify: Who asks; None for nobody that is known.
        naming: What the service calls its tenants.
    """

    def __init__(
        self,
        inner: InnerApp,
        listed: Callable[[TenantId | None], Awaitable[Sequence[WarmPath]]],
        *,
        ready: Callable[[], Awaitable[bool]],
        clock: Clock,
        identify: Callable[[Request], Identity | None],
        naming: TenantNaming,
    ) -> None:
        self._naming = naming
        self._order, self._progress = JsonBody(WarmOrder, naming), JsonBody(WarmProgress, naming)
        self._inner = inner
        self._listed = listed
        self._ready = ready
        self._clock = clock
        self._identify = identify
        self._task: asyncio.Task[None] | None = None
        self.progress: WarmProgress = WarmProgress()

    @property
    def is_running(self) -> bool:
        """Whether a warming is under way in this worker."""
        return self._task is not None and not self._task.done()

    def begin(self, order: WarmOrder, paths: Sequence[WarmPath], app: object) -> None:
        """Warm `paths` behind the caller; ends a warming that is under way."""
        if self._task is not None:
            self._task.cancel()
        self.progress = WarmProgress(WarmState.RUNNING, order.tenant_id, order.rate, len(paths))
        # A context of its own: neither the operator's trace nor anybody's tenant goes with it.
        self._task = asyncio.get_running_loop().create_task(
            self._run(self.progress, paths, app), context=Context()
        )

    async def at_start(self, app: object, rate: float) -> None:
        """Warm everything once the service is reached; a list that cannot be read is logged."""
        while not self._inner.is_open:
            await self._clock.sleep(_LOOK_S)
        try:
            paths = await self._listed(None)
        except MonitorError as failure:
            self.progress = WarmProgress(WarmState.FAILED, rate=rate)
            _log.warning("cache_warming_failed", error_type=type(failure).__name__)
            return
        self.begin(WarmOrder(rate=rate), paths, app)

    async def endpoint(self, request: Request) -> Response:
        """GET tells how far this worker's warming is; POST begins one and can stream its progress."""
        identity = self._identify(request)
        if identity is None or not identity.operator:
            status = HTTPStatus.FORBIDDEN if identity else HTTPStatus.UNAUTHORIZED
            return problem(status, "Warming is for operators.")
        if request.method != "POST":
            return self._told(HTTPStatus.OK)
        try:
            order = await read_order(request, self._order, empty=b"{}")
        except OrderRefused as refused:
            return problem(refused.status, refused.reason)
        return await self._ordered(order, request)

    async def exists(self, tenant: int) -> bool:
        """Say whether there is such a tenant: one that has nothing to ask for is none.

        Raises:
            DatabaseError: The list could not be read.
        """
        return bool(await self._listed(TenantId(tenant)))

    async def aclose(self) -> None:
        """Give a warming up that is under way."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _ordered(self, order: WarmOrder, request: Request) -> Response:
        if self.is_running:
            return problem(HTTPStatus.CONFLICT, "A warming is under way in this worker.")
        tenant = None if order.tenant_id is None else TenantId(order.tenant_id)
        paths = await self._listed(tenant)
        if tenant is not None and not paths:
            return problem(HTTPStatus.NOT_FOUND, f"There is no such {self._naming.singular}.")
        self.begin(order, paths, request.app)
        if _STREAM not in request.headers.get("accept", ""):
            return self._told(HTTPStatus.ACCEPTED)
        # It lasts as long as the warming: no slow request.
        record_of(request.scope).lasting = True
        return StreamingResponse(self._lines(), HTTPStatus.ACCEPTED, _NO_STORE, _STREAM)

    def _told(self, status: int) -> Response:
        return Response(self._progress.encode(self.progress), status, _NO_STORE, "application/json")

    async def _lines(self) -> AsyncIterator[bytes]:
        task, progress = self._task, self.progress
        while task is not None and not task.done():
            yield self._progress.encode(progress) + b"\n"
            await self._clock.sleep(_TELL_S)
        yield self._progress.encode(progress) + b"\n"

    async def _run(self, progress: WarmProgress, paths: Sequence[WarmPath], app: object) -> None:
        began = self._clock.monotonic()

        def tell(result: str) -> None:
            progress.done += 1
            progress.results[result] = progress.results.get(result, 0) + 1
            progress.seconds = self._clock.monotonic() - began

        if not await self._is_ready():
            progress.state = WarmState.FAILED
            _log.warning("cache_warming_failed", error_type="cache_not_in_use")
            return
        items = [WarmItem(tenant, partial(self._inner.ask, path, tenant, app)) for tenant, path in paths]
        try:
            await Warming(self._clock, per_second=progress.rate).warm(items, tell)
        except asyncio.CancelledError:
            progress.state = WarmState.FAILED
            raise
        progress.state = WarmState.DONE
        _log.info(
            "cache_warmed",
            answers=progress.done,
            misses=progress.results.get("miss", 0),
            errors=progress.results.get("error", 0),
            seconds=round(progress.seconds, 3),
        )

    async def _is_ready(self) -> bool:
        # A new worker stands back for a lease, and what it loads meanwhile is not stored.
        gives_up = self._clock.monotonic() + _PATIENCE_S
        while not await self._ready():
            if self._clock.monotonic() > gives_up:
                return False
            await self._clock.sleep(_LOOK_S)
        return True
