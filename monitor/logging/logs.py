"""Log lines as JSON, each with trace id, span id, tenant and route, and with declared fields only.

Lines are written by a thread behind the requests; when its queue is full they are dropped and
counted, and no request waits for a terminal or a pipe.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import msgspec
import structlog
from opentelemetry.trace import get_current_span

from monitor.background_queue import BackgroundQueue
from monitor.clock import Clock
from monitor.logging.access_log import AccessLog, dated
from monitor.logging.events import FIELDS
from monitor.tenancy.context import bound_tenant
from monitor.tracing.request_trace import CURRENT_REQUEST

_LONGEST = 512
_DEEPEST = 20

_encode = msgspec.json.Encoder().encode
Fields = MutableMapping[str, Any]


class Logs:
    """The service's log.

    Attributes:
        logger: For the service's own events; keyword arguments outside `FIELDS` are dropped.
        access: Writes a line for each request.
        flush: Writes what waits and says whether it could in the given seconds; blocks.
        close: The same, and takes nothing more.

    Args:
        stream: Where lines go, usually `sys.stdout.buffer`.
        level: `debug`, `info`, `warning` or `error`.
        clock: Dates the lines.
        dropped: Is told how many lines found no room.
        fields: More fields that a line may have.
        tenant_field: What a line calls the field `tenant`.
        capacity: Most lines that wait.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        level: str,
        clock: Clock,
        dropped: Callable[[int], None],
        fields: frozenset[str] = frozenset(),
        tenant_field: str = "tenant",
        capacity: int = 10_000,
    ) -> None:
        self._stream = stream
        lines: BackgroundQueue[bytes] = BackgroundQueue(
            self._write, dropped, name="monitor-logs", capacity=capacity, batch=capacity // 2, interval_s=0.1
        )
        lowest = logging.getLevelNamesMapping()[level.upper()]
        self._sink = _Sink(lines.add)
        self._processors: list[structlog.typing.Processor] = [
            _Stamp(clock),
            add_request,
            DeclaredFields(FIELDS | fields, {"tenant": tenant_field}),
            _encoded,
        ]
        self._wrapper = structlog.make_filtering_bound_logger(lowest)
        self.logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
            self._sink, processors=self._processors, wrapper_class=self._wrapper
        )
        self.access: AccessLog = AccessLog(lines.add, clock, lowest, tenant_field)
        self.flush: Callable[[float], bool] = lines.flush
        self.close: Callable[[float], None] = lines.close

    @contextmanager
    def taken_over(self) -> Iterator[None]:
        """Bring every logger of structlog and of the standard library here until the block ends.

        Both keep one configuration for the process, so only a composition root does this.
        """
        handler, root = self.handler(), logging.getLogger()
        structlog.configure(
            processors=self._processors,
            wrapper_class=self._wrapper,
            logger_factory=lambda *_names: self._sink,
            cache_logger_on_first_use=False,
        )
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)
            structlog.reset_defaults()

    def handler(self) -> logging.Handler:
        """Return a handler that brings the standard library's records into this log."""
        return _StandardHandler(self.logger)

    def _write(self, batch: Sequence[bytes]) -> None:
        self._stream.write(b"\n".join(batch) + b"\n")
        self._stream.flush()


def add_request(_: Any, __: str, event: Fields) -> Fields:
    """Add what is known of the running request: trace id, span id, tenant, route (a structlog processor)."""
    context = get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    tenant, request = bound_tenant(), CURRENT_REQUEST.get()
    if tenant is not None:
        event.setdefault("tenant", int(tenant))  # a line about another one says so itself
    if request is not None:
        event["route"] = request.matched_route
    return event


class DeclaredFields:
    """Drops every field that is not declared, and of an exception all but its class and its stack's lines.

    Args:
        names: The declared fields.
        spelled: What lines call some of them.
    """

    def __init__(self, names: frozenset[str], spelled: Mapping[str, str] | None = None) -> None:
        self._names = {name: (spelled or {}).get(name, name) for name in names}

    def __call__(self, _: Any, __: str, event: Fields) -> Fields:
        failure = _failure(event.pop("exc_info", None))
        if failure is not None:
            event["exception"] = type(failure).__qualname__
            event["stack"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(failure.__traceback__)[-_DEEPEST:]
            ]
        names = self._names
        return {names[name]: _shortened(value) for name, value in event.items() if name in names}


class _Stamp:
    """Dates an event and names its level."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.time

    def __call__(self, _: Any, method: str, event: Fields) -> Fields:
        level = "error" if method == "exception" else method
        return {"timestamp": dated(self._now()), "level": level, **event}


class _Sink:
    """What structlog writes encoded lines to."""

    def __init__(self, add: Callable[[bytes], None]) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = self.exception = add
        self.msg = add


class _StandardHandler(logging.Handler):
    """Brings the standard library's records into the log: their template, never their arguments."""

    def __init__(self, logger: structlog.typing.FilteringBoundLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        self._logger.log(record.levelno, _template(record), logger=record.name, exc_info=record.exc_info)


def _template(record: logging.LogRecord) -> str:
    # The first line is what the code says; asyncio, for one, writes the task and its exception below it.
    return str(record.msg).partition("\n")[0]


def _encoded(_: Any, __: str, event: Fields) -> bytes:
    return _encode(event)


def _failure(info: Any) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return info[1] if isinstance(info[1], BaseException) else None
    return sys.exception() if info else None


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, list):
        return value
    return value if value is None or isinstance(value, bool | int | float) else type(value).__name__
