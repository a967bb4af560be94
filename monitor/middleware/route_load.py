"""Asks the application for an answer on behalf of all who wait for it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope

from monitor.cache.keys import CacheKey
from monitor.cache.lookup import Loaded
from monitor.cache.single_flight import current_flight
from monitor.errors import BrokenAnswer, IncompleteAnswer
from monitor.middleware.capture import Capture, scope_of_load
from monitor.middleware.request import record_of
from monitor.middleware.stored_answer import Headers

_STEPS = 3  # of the event loop that an application is given to return, or to fail, after its last part


class Routes(Protocol):
    """What a load needs of who begins it."""

    def time(self) -> float:
        """Return seconds since the epoch."""
        ...

    def overrides(self, domain: str) -> bool:
        """Say whether the domain's policy decides in the place of the answer's own `Cache-Control`."""
        ...

    def go_on_behind(self, running: asyncio.Future[None]) -> None:
        """Hold what an application does after its answer."""
        ...


class RouteLoad:
    """The load of one request's key; it may never be called, or answer others too.

    Attributes:
        own: Headers of its answer that are for this request alone.
        failure: What the application raised after its answer was complete.
    """

    __slots__ = ("_app", "_key", "_receive", "_routes", "_scope", "failure", "own")

    def __init__(self, routes: Routes, app: ASGIApp, scope: Scope, receive: Receive, key: CacheKey) -> None:
        self._routes = routes
        self._app = app
        self._scope = scope
        self._receive = receive
        self._key = key
        self.own: Headers = []
        self.failure: BaseException | None = None

    async def __call__(self) -> Loaded:
        """Return the application's answer.

        Raises:
            IncompleteAnswer: It returned and had not begun one.
            BrokenAnswer: It failed, or returned, in the middle of one.
            Exception: Whatever it raised before it began one.
        """
        flight = current_flight()
        scope = scope_of_load(self._scope)
        capture = Capture(
            asyncio.get_running_loop().create_future(), None if flight is None else flight.deserted
        )
        running = asyncio.ensure_future(self._app(scope, capture.receive, capture.send))
        try:
            await asyncio.wait({running, capture.complete}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            running.cancel()
            raise
        if not capture.complete.done():
            _break_off(capture, running)
        whole = await self._ended_well(running)
        routes, key = self._routes, self._key
        self.own = capture.of_one_request(record_of(scope).trace_id)
        return capture.loaded(key, scope, routes.time(), overridden=routes.overrides(key.domain), whole=whole)

    async def gone(self) -> None:
        """Return once the client has gone."""
        more = True
        while (message := await self._receive())["type"] != "http.disconnect":
            if not more:
                # It repeats itself, so it will never tell.
                await asyncio.get_running_loop().create_future()
            more = message.get("more_body", False)

    async def _ended_well(self, running: asyncio.Future[None]) -> bool:
        for _ in range(_STEPS):
            if running.done():
                break
            await asyncio.sleep(0)
        if not running.done():
            self._routes.go_on_behind(running)
            return True
        self.failure = asyncio.CancelledError() if running.cancelled() else running.exception()
        return self.failure is None


def _break_off(capture: Capture, running: asyncio.Future[None]) -> None:
    failure = None if running.cancelled() else running.exception()
    if capture.began:
        raise BrokenAnswer(*capture.so_far(), failure) from failure
    if failure is not None:
        raise failure
    raise IncompleteAnswer
