"""Holds the answer to a write until nobody can be given what the write replaced.

The units of work of an unsafe request hand their commits over; before the first byte of the
answer they are settled together, in one round trip to the store. A request that ends any
other way settles as well: the commit stands, whatever became of its answer.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.database.write_context import Commit, Settlement, collecting_commits, merged

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, 9.2.1


class InvalidationMiddleware:
    """Pure ASGI middleware that settles the commits of unsafe requests.

    Args:
        app: The application behind.
        settlement: Makes a commit safe to answer; see `docs/cache.md`.
    """

    def __init__(self, app: ASGIApp, settlement: Settlement) -> None:
        self._app = app
        self._settlement = settlement

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE:
            await self._app(scope, receive, send)
            return
        with collecting_commits() as commits:
            settled = _Settled(commits, self._settlement, send)
            try:
                await self._app(scope, receive, settled.send)
            finally:
                # After an error or a cancellation this settles too; background work may commit late.
                await settled.settle()


class _Settled:
    """The sending side of one request: nothing leaves before the commits made so far are settled."""

    def __init__(self, commits: list[Commit], settlement: Settlement, send: Send) -> None:
        self._commits = commits
        self._settlement = settlement
        self._send = send

    async def send(self, message: Message) -> None:
        await self.settle()
        await self._send(message)

    async def settle(self) -> None:
        if self._commits:
            commits = tuple(self._commits)
            self._commits.clear()
            await self._settlement.settle(merged(commits))
