"""Log lines as JSON, each with trace id, span id, tenant and route, and with declared fields only.

Lines are written by a thread behind the requests; when its queue is full they are dropped and
counted, and no request waits for a terminal or a pipe.
"""

from __future__ import annotations

import atexit
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import msgspec
import structlog
from opentelemetry.trace import get_current_span

from monitor.background_queue import BackgroundQueue
from monitor.clock import Clock
from monitor.failures import class_of, of_failure
from monitor.logging.access_log import AccessLog, dated
from monitor.logging.bound_logger import careful_logger
from monitor.logging.events import FIELDS
from monitor.logging.process_output import ProcessOutput
from monitor.logging.standard_records import StandardHandler
from monitor.plain_values import plain
from monitor.tenancy.context import bound_tenant
from monitor.tracing.request_trace import CURRENT_REQUEST

_FAREWELL_S = 1.0

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
        self._stream, self._clock = stream, clock
        self._lines = lines = BackgroundQueue[bytes](
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
        self._wrapper = careful_logger(lowest, self._unwritten)
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
        self._configure()
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)
            structlog.reset_defaults()

    def handler(self) -> logging.Handler:
        """Return a handler that brings the standard library's records into this log."""
        return StandardHandler(self.logger)

    def process_output(self) -> ProcessOutput:
        """Return what leads all output of this process here; the stream must be the process's own.

        The lines that are left are written when the process ends, whoever closed the log before.
        """
        self.close = self._flushed
        atexit.register(self.flush, _FAREWELL_S)
        self._configure()
        return ProcessOutput(self.logger, self.handler(), self._clock)

    def _configure(self) -> None:
        structlog.configure(
            processors=self._processors,
            wrapper_class=self._wrapper,
            logger_factory=lambda *_names: self._sink,
            cache_logger_on_first_use=False,
        )

    def _flushed(self, timeout_s: float) -> None:
        # What comes now are a server's last words: it may end by a signal, without a word to Python.
        self.flush(timeout_s)
        self._sink.msg = self._at_once

    def _at_once(self, line: bytes) -> None:
        self._lines.add(line)
        self.flush(_FAREWELL_S)

    def _unwritten(self, level: str, failure: BaseException) -> None:
        # By hand: whatever failed may fail again.
        line = {"timestamp": dated(self._clock.time()), "level": level, "event": "log_call_failed"}
        self._sink.msg(_encode({**line, "exception": class_of(failure)}))

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
    """Drops every field that is not declared, and of an exception all but classes and frames.

    A value that cannot be written as it is leaves the name of its field under `unwritten`.

    Args:
        names: The declared fields.
        spelled: What lines call some of them.
    """

    def __init__(self, names: frozenset[str], spelled: Mapping[str, str] | None = None) -> None:
        self._names = {name: (spelled or {}).get(name, name) for name in names}

    def __call__(self, _: Any, __: str, event: Fields) -> Fields:
        failure = _failure(event.pop("exc_info", None))
        names, line, unwritten = self._names, dict[str, Any](), list[str]()
        for name, value in event.items():
            if name in names:
                line[names[name]], whole = plain(value)
                if not whole:
                    unwritten.append(names[name])
        if failure is not None:
            line |= of_failure(failure)
        if unwritten:
            line["unwritten"] = unwritten
        return line


class _Stamp:
    """Dates an event and names its level."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.time

    def __call__(self, _: Any, method: str, event: Fields) -> Fields:
        # First in the line, and never what a field of the same name says.
        own = {"timestamp": dated(self._now()), "level": method}
        return {**own, **event, **own}


class _Sink:
    """What structlog writes encoded lines to."""

    def __init__(self, add: Callable[[bytes], None]) -> None:
        self.msg = add


def _encoded(_: Any, __: str, event: Fields) -> bytes:
    return _encode(event)


def _failure(info: Any) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return next((one for one in info if isinstance(one, BaseException)), None)
    return sys.exception() if info is True else None
