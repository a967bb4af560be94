"""One websocket connection, as the performance middleware watches it."""

from __future__ import annotations

from starlette.types import Message, Receive, Scope, Send

from monitor.failures import class_of
from monitor.metrics.catalogue import UNMATCHED, Outcome
from monitor.middleware.exchange import Listeners
from monitor.middleware.request import RequestRecord
from monitor.tracing.request_trace import RequestTrace

_SWITCHING_PROTOCOLS = 101
_FORBIDDEN = 403
_SERVER_ERROR = 500


class Connection:
    """State of one websocket connection, from the handshake to its end.

    Attributes:
        status: 101 once accepted, else what the handshake was answered with.
        error_type: Class of the exception that ended it, if the service failed.
        failure: That exception, while the end is told.
    """

    __slots__ = (
        "_client_gone", "_label", "_listeners", "_opened", "_receive", "_send",
        "ended", "error_type", "failure", "method", "outcome", "record", "route", "scope", "status", "trace",
    )  # fmt: skip

    ended: float
    error_type: str | None
    failure: BaseException | None
    outcome: Outcome
    route: str | None

    def __init__(
        self,
        listeners: Listeners,
        scope: Scope,
        receive: Receive,
        send: Send,
        record: RequestRecord,
        trace: RequestTrace,
    ) -> None:
        self._listeners = listeners
        self.scope: Scope = scope
        self._receive = receive
        self._send = send
        self.record: RequestRecord = record
        self.trace: RequestTrace = trace
        self.method: str = "GET"  # the handshake's
        self.status: int = 0
        self._client_gone = False
        self._opened = False

    @property
    def left(self) -> bool:
        """Whether the client was gone before the service was done."""
        return self._client_gone

    @property
    def started(self) -> float:
        return self.record.started

    @property
    def tenant(self) -> int | None:
        return self.record.tenant

    @property
    def cache(self) -> str | None:
        return self.record.cache

    @property
    def matched_route(self) -> str | None:
        route = self.record.route or self._listeners.templates.of(self.scope)
        return None if route == UNMATCHED else route

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._client_gone = True
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self.status = _SWITCHING_PROTOCOLS
            self._open()
        elif kind == "websocket.close":
            self.status = self.status or _FORBIDDEN
        elif kind == "websocket.http.response.start":
            self.status = message["status"]
        try:
            await self._send(message)
        except OSError:
            self._client_gone = True
            raise

    def failed(self, failure: BaseException) -> None:
        if self._client_gone or not isinstance(failure, Exception):
            self._end(Outcome.CANCELLED, None)
        else:
            self.status = self.status or _SERVER_ERROR
            self._end(Outcome.SERVER_ERROR, class_of(failure), failure)

    def returned(self) -> None:
        if not self.status and not self._client_gone:
            self.status = _SERVER_ERROR
            self._end(Outcome.SERVER_ERROR, "no_answer")
        elif self.status >= _SERVER_ERROR:
            self._end(Outcome.SERVER_ERROR, str(self.status))
        else:
            refused = self.status not in (0, _SWITCHING_PROTOCOLS)
            self._end(Outcome.CLIENT_ERROR if refused else Outcome.SUCCESS, None)

    def _open(self) -> None:
        # The router has run by now, so the route is known for as long as the connection lasts.
        self._opened = True
        self._label = self.record.route or self._listeners.templates.of(self.scope)
        self.route = None if self._label == UNMATCHED else self._label
        self._listeners.recorder.websocket_opened(self._label)

    def _end(self, outcome: Outcome, error_type: str | None, failure: BaseException | None = None) -> None:
        listeners = self._listeners
        self.ended = listeners.monotonic()
        if not self._opened:
            self._open()
        self.outcome = outcome
        self.error_type = error_type
        self.failure = failure
        self.trace.finish(self, may_be_slow=False)
        listeners.recorder.websocket_closed(self._label, error_type, self.ended - self.started)
        if listeners.log is not None:
            listeners.log.ended(self)
        self.failure = None
