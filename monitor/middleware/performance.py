"""Measures every request, whichever way it ends: the outermost middleware of the kit."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from opentelemetry.context import attach, detach
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.clock import Clock
from monitor.failures import mark_told
from monitor.metrics.catalogue import METHODS, OTHER_METHOD
from monitor.middleware.connection import Connection
from monitor.middleware.exchange import Exchange, Listeners, RequestLog
from monitor.middleware.near_answers import NearAnswers
from monitor.middleware.recorder import HttpObserver
from monitor.middleware.request import open_record
from monitor.middleware.route_template import RouteTemplates
from monitor.tracing.request_trace import CURRENT_REQUEST, RequestTracing

_log = structlog.get_logger(__name__)


class PerformanceMiddleware:
    """Pure ASGI middleware that measures, traces and logs requests and websocket connections.

    A request begins when this middleware is called and ends with the last message of its
    answer, so background tasks are no part of it. The metric and the server span share both
    readings of the clock.

    Args:
        app: The application behind.
        recorder: Receives the measurements.
        tracing: Begins the traces.
        clock: Where the readings come from.
        log: Writes one line for each request; None for no lines.
        near: Answers what the near cache may answer alone, before the chain is entered; None
            where the service has middlewares of its own that every request must pass.
        starting: Called when the server starts the application, before the application is.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        recorder: HttpObserver,
        tracing: RequestTracing,
        clock: Clock,
        log: RequestLog | None = None,
        near: NearAnswers | None = None,
        starting: Callable[[], None] | None = None,
    ) -> None:
        self._app = app
        self._sampled_app = tracing.instrument(app)
        self._tracing = tracing
        self._begin = recorder.begin
        self._near = near
        self._starting = starting
        self._listeners = Listeners(recorder, clock, RouteTemplates(), log)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        record = open_record(scope, self._listeners.monotonic())
        method = scope["method"]
        if method not in METHODS:
            method = OTHER_METHOD
        self._begin(method)
        record.headers = headers = dict(scope["headers"])
        record.trace = trace = self._tracing.begin(headers, record.started, scope)
        exchange = Exchange(self._listeners, scope, receive, send, method, record, trace)
        near = self._near
        if near is not None and method == "GET" and not trace.sampled:
            try:
                found = near.find(scope, record, trace)
            except Exception as failure:
                exchange.failed(failure)
                raise
            if found is not None:
                await exchange.answer(*found)
                return
        current = CURRENT_REQUEST.set(exchange)
        token = attach(trace.context)
        app = self._sampled_app if trace.sampled else self._app
        try:
            await app(scope, exchange.receive, exchange.send)
        except BaseException as failure:
            exchange.failed(failure)
            # To a client that has left nothing can be said, and its leaving is no fault to report.
            if not (exchange.left and isinstance(failure, Exception)):
                raise
        else:
            exchange.returned()
        finally:
            detach(token)
            CURRENT_REQUEST.reset(current)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._starting is not None:
            self._starting()
        try:
            await self._app(scope, receive, send)
        except Exception as failure:
            # A server is told a traceback as text, of which a line of the log may keep nothing.
            _log.exception("lifespan_failed")
            mark_told(failure)
            raise

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._live(scope, receive, send)
            return
        record = open_record(scope, self._listeners.monotonic())
        record.headers = headers = dict(scope["headers"])
        record.trace = trace = self._tracing.begin(headers, record.started, scope)
        connection = Connection(self._listeners, scope, receive, send, record, trace)
        current = CURRENT_REQUEST.set(connection)
        token = attach(trace.context)
        app = self._sampled_app if trace.sampled else self._app
        try:
            await app(scope, connection.receive, connection.send)
        except BaseException as failure:
            connection.failed(failure)
            if not (connection.left and isinstance(failure, Exception)):
                raise
        else:
            connection.returned()
        finally:
            detach(token)
            CURRENT_REQUEST.reset(current)
