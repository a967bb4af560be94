"""Holds the answer to a write until nobody can be given what the write replaced.

The units of work of an unsafe request hand their commits over; before the first byte of the
answer they are settled together, in one round trip to the store. A request that ends any
other way settles as well: the commit stands, whatever became of its answer.

A request that commits nothing here may have changed something elsewhere: where it went well,
what is cached under its own path is made stale (RFC 9111, 4.4).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.cache.keys import scope_of
from monitor.database.write_context import Commit, Settlement, collecting_commits, merged
from monitor.middleware.cache_plans import CachePlans
from monitor.middleware.request import record_of
from monitor.scopes import CacheScope

Refresh = Callable[[Sequence[CacheScope]], Awaitable[object]]

_FAILED = 400
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, 9.2.1


class InvalidationMiddleware:
    """Pure ASGI middleware that settles the commits of unsafe requests.

    Args:
        app: The application behind.
        settlement: Makes a commit safe to answer; see `docs/cache.md`.
        plans: The requests that may be cached.
        refresh: Makes scopes stale, where no commit names them.
    """

    def __init__(
        self,
        app: ASGIApp,
        settlement: Settlement,
        plans: CachePlans | None = None,
        refresh: Refresh | None = None,
    ) -> None:
        self._app = app
        self._settlement = settlement
        self._plans = plans
        self._refresh = refresh

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE:
            await self._app(scope, receive, send)
            return
        with collecting_commits() as commits:
            settled = _Settled(commits, self._settlement, send, partial(self._make_stale, scope))
            try:
                await self._app(scope, receive, settled.send)
            finally:
                # After an error or a cancellation this settles too; background work may commit late.
                await settled.settle()

    async def _make_stale(self, scope: Scope) -> None:
        record = record_of(scope)
        if record.tenant is None or self._plans is None or self._refresh is None:
            return
        plan = self._plans.of(record.tenant, scope, record)
        if plan is not None:
            await self._refresh([scope_of(plan.key)])


class _Settled:
    """The sending side of one request: nothing leaves before the commits made so far are settled."""

    def __init__(
        self,
        commits: list[Commit],
        settlement: Settlement,
        send: Send,
        make_stale: Callable[[], Awaitable[None]],
    ) -> None:
        self._commits = commits
        self._settlement = settlement
        self._send = send
        self._make_stale = make_stale
        self._committed = False

    async def send(self, message: Message) -> None:
        await self.settle()
        if message["type"] == "http.response.start" and not self._committed and message["status"] < _FAILED:
            await self._make_stale()
        await self._send(message)

    async def settle(self) -> None:
        if self._commits:
            self._committed = True
            commits = tuple(self._commits)
            self._commits.clear()
            await self._settlement.settle(merged(commits))
