"""One HTTP request and its answer, as the performance middleware watches them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Protocol

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from monitor.clock import Clock
from monitor.failures import class_of, mark_told, was_told
from monitor.metrics.catalogue import UNMATCHED, Outcome
from monitor.middleware.recorder import HttpObserver
from monitor.middleware.request import RequestRecord
from monitor.middleware.route_template import RouteTemplates
from monitor.tenancy.identity import TenantId
from monitor.tracing.request_trace import Ending, RequestTrace

_log = structlog.get_logger(__name__)
_BAD_REQUEST = 400
_CLIENT_CLOSED = 499  # nginx's word for a client that left before it was answered
_SERVER_ERROR = 500


class RequestLog(Protocol):
    """Writes the access line of an ended request."""

    def ended(self, ending: Ending) -> None:
        """Note the request; never raises, never blocks."""
        ...


class Listeners:
    """Whom an exchange tells, one object for all requests."""

    __slots__ = ("log", "monotonic", "recorder", "templates")

    def __init__(
        self, recorder: HttpObserver, clock: Clock, templates: RouteTemplates, log: RequestLog | None
    ) -> None:
        self.recorder: HttpObserver = recorder
        self.monotonic: Callable[[], float] = clock.monotonic
        self.templates: RouteTemplates = templates
        self.log: RequestLog | None = log


class Exchange:
    """State of one request; it ends with the last body message, or with the application's failure.

    Attributes:
        status: What was sent; 0 while nothing was.
        route: The route's full template; None where nothing matched.
        outcome: How it ended.
        error_type: What failed, for failures of the service.
        started: Monotonic start, in seconds.
        ended: Monotonic end, in seconds; 0 while it runs.
        tenant: The authenticated tenant.
        cache: The outcome of the cache lookup, if there was one.
        failure: The exception behind a failure, while the end is told.
    """

    __slots__ = (
        "_client_gone", "_first_byte", "_listeners", "_receive", "_send", "_trailers",
        "cache", "ended", "error_type", "failure", "method", "outcome", "record", "route", "scope", "started",
        "status", "tenant", "trace",
    )  # fmt: skip

    cache: str | None
    error_type: str | None
    failure: BaseException | None
    outcome: Outcome
    route: str | None
    tenant: TenantId | None

    def __init__(
        self,
        listeners: Listeners,
        scope: Scope,
        receive: Receive,
        send: Send,
        method: str,
        record: RequestRecord,
        trace: RequestTrace,
    ) -> None:
        self._listeners = listeners
        self.scope: Scope = scope
        self._receive = receive
        self._send = send
        self.method: str = method
        self.record: RequestRecord = record
        self.trace: RequestTrace = trace
        self.started: float = record.started
        self.status: int = 0
        self.ended: float = 0.0
        self._client_gone = False
        self._first_byte = 0.0
        self._trailers = False

    @property
    def left(self) -> bool:
        """Whether the client was gone before its answer was complete."""
        return self._client_gone

    @property
    def matched_route(self) -> str | None:
        route = self.record.route or self._listeners.templates.of(self.scope)
        return None if route == UNMATCHED else route

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._client_gone = True
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            # What an error handler says to a client that has left is not what happened.
            self.status = _CLIENT_CLOSED if self._client_gone else message["status"]
            self._trailers = message.get("trailers", False)
        try:
            await self._send(message)
        except OSError:  # the ASGI specification's way to say that the client is gone
            self._client_gone = True
            raise
        if self.ended:
            return
        if kind == "http.response.body":
            if message.get("more_body", False):
                self._began(message)
            elif not self._trailers:
                self._answered()
        elif kind == "http.response.pathsend" or (
            kind == "http.response.trailers" and not message.get("more_trailers", False)
        ):
            self._answered()

    def _began(self, part: Message) -> None:
        if not self._first_byte and part.get("body"):
            self._first_byte = self._listeners.monotonic()
            if self.record.lasting:
                self._answered()

    async def answer(self, start: Message, body: Message) -> None:
        """Send a complete answer, whoever made it, and end the exchange."""
        self.status = start["status"]
        try:
            await self._send(start)
            await self._send(body)
        except BaseException as failure:
            self._client_gone = isinstance(failure, OSError)
            self.failed(failure)
            raise
        self._answered()

    def _answered(self) -> None:
        status = self.status
        if self._client_gone:
            self._end(Outcome.CANCELLED, None)
        elif status >= _SERVER_ERROR:
            # Inside an exception handler the exception is still being handled: it names the failure best.
            failure = sys.exception()
            # A load that failed did so in another task, and left its name in the record.
            error_type = self.record.error_type or (class_of(failure) if failure else str(status))
            self._end(Outcome.SERVER_ERROR, error_type, failure)
        else:
            self._end(Outcome.SUCCESS if status < _BAD_REQUEST else Outcome.CLIENT_ERROR, None)

    def failed(self, failure: BaseException) -> None:
        """The application raised; what it raises after its answer is no failure of the request."""
        if self.ended:
            if isinstance(failure, Exception) and not was_told(failure):
                _log.error("failed_after_answer", exc_info=failure)
                mark_told(failure)
            return
        if self._client_gone or not isinstance(failure, Exception):
            told = not isinstance(failure, OSError | ClientDisconnect | asyncio.CancelledError)
            self._left(failure if told else None)
        else:
            self.status = self.status or _SERVER_ERROR
            self._end(Outcome.SERVER_ERROR, class_of(failure), failure)

    def returned(self) -> None:
        """The application returned; without a complete answer that is a failure, or the client left."""
        if self.ended:
            return
        if self._client_gone:
            self._left()
        else:
            self._end(Outcome.SERVER_ERROR, "incomplete_answer" if self.status else "no_answer")

    def _left(self, failure: BaseException | None = None) -> None:
        self.status = self.status or _CLIENT_CLOSED
        self._end(Outcome.CANCELLED, None, failure)

    def _end(self, outcome: Outcome, error_type: str | None, failure: BaseException | None = None) -> None:
        listeners, record = self._listeners, self.record
        self.ended = ended = listeners.monotonic()
        self.outcome = outcome
        self.error_type = error_type
        self.failure = failure
        self.tenant = tenant = record.tenant
        self.cache = record.cache
        self.status = self.status or _SERVER_ERROR
        route = record.route or listeners.templates.of(self.scope)
        self.route = None if route == UNMATCHED else route
        kept = self.trace.finish(self)
        listeners.recorder.end(
            self.method,
            route,
            self.status,
            error_type,
            outcome,
            tenant,
            ended - self.started,
            record.trace_id if kept else None,
            record.identity is not None,
        )
        if self._first_byte:
            listeners.recorder.first_byte(route, self._first_byte - self.started)
        if listeners.log is not None:
            listeners.log.ended(self)
        if failure is not None:
            mark_told(failure)
            self.failure = None  # its frames hold this object: together they would wait for a collection
