"""A cheap span: a name, ids, two readings of the clock, attributes and nothing else."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from random import getrandbits
from typing import Any, Protocol

from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from monitor.failures import class_of, report
from monitor.tracing.spans import ALLOWED, ERROR_TYPE, STACKTRACE, TracerScope
from monitor.tracing.wall_clock import WallClock

MOST_LINKS = 32


class SpanSink(Protocol):
    """Dates spans, and takes those that leave; `Keeper` is one."""

    @property
    def epoch(self) -> WallClock: ...

    @property
    def export(self) -> Callable[[Sequence[FlightSpan]], None]: ...


class SpanBook(Protocol):
    """What a span asks of the record it stands in; `FlightRecord` is one."""

    @property
    def id(self) -> int: ...

    @property
    def flags(self) -> TraceFlags: ...

    @property
    def trace_state(self) -> TraceState: ...

    @property
    def kept(self) -> bool | None: ...

    @property
    def whole(self) -> bool: ...

    @property
    def keeper(self) -> SpanSink: ...

    @property
    def parent_id(self) -> int | None: ...

    @property
    def started(self) -> float: ...

    @property
    def date(self) -> int | None: ...

    def begin(self, scope: TracerScope, name: str, kind: SpanKind, parent_id: int | None) -> ChildSpan | None:
        """Begin a span below another one."""
        ...

    def add(
        self,
        scope: TracerScope,
        name: str,
        attributes: dict[str, Any],
        parent: FlightSpan,
        started: float,
        ended: float,
    ) -> None:
        """Add a span that is over."""
        ...


class FlightSpan(Span):
    """A span of a flight record, with the face of OpenTelemetry's own.

    Attributes:
        span_id: Its id.
        parent_id: The parent's span id; None for a root.
        started: Monotonic start, in seconds.
        ended: Monotonic end, in seconds; None while it runs.
        failed: Whether its status is an error.
        attributes: What was set on it and may be exported; nothing else is even remembered.
        links: Spans of other traces, or beside its own, that it has to do with.
    """

    __slots__ = ("_context", "attributes", "ended", "failed", "links", "parent_id", "span_id", "started")
    _context: SpanContext | None
    attributes: dict[str, Any] | None
    ended: float | None
    failed: bool
    links: tuple[SpanContext, ...]
    parent_id: int | None
    span_id: int
    started: float

    @property
    @abstractmethod
    def record(self) -> SpanBook:
        """The record it belongs to."""

    def get_span_context(self) -> SpanContext:
        context = self._context
        if context is None:
            record = self.record
            context = self._context = SpanContext(
                record.id, self.span_id, False, record.flags, record.trace_state
            )
        return context

    def is_recording(self) -> bool:
        return self.ended is None

    def set_attribute(self, key: str, value: Any) -> None:
        if self.ended is not None or key not in ALLOWED:
            return
        if self.attributes is None:
            self.attributes = {key: value}
        else:
            self.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:  # noqa: ARG002 - the API's; a description may quote personal data
        code = status.status_code if isinstance(status, Status) else status
        if self.ended is None and code is not StatusCode.UNSET:
            self.failed = code is StatusCode.ERROR

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,  # noqa: ARG002 - the API's
        timestamp: int | None = None,  # noqa: ARG002 - the API's
        escaped: bool = False,  # noqa: ARG002, FBT001, FBT002 - the API's
    ) -> None:
        """Note the exception's class; its message and traceback may quote personal data."""
        self.set_attribute(ERROR_TYPE, class_of(exception))
        self.set_attribute(STACKTRACE, report(exception))

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Do nothing: events are never exported, for nobody vouches for their text."""

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:  # noqa: ARG002 - nobody vouches for them
        """Link another span, up to `MOST_LINKS`."""
        if self.ended is None and context.is_valid and len(self.links) < MOST_LINKS:
            self.links = (*self.links, context)


class ChildSpan(FlightSpan):
    """A span below the server span.

    Attributes:
        scope: The instrumentation scope of the tracer that began it.
        name: Its name.
        kind: Its kind.
    """

    __slots__ = ("_record", "kind", "name", "scope")

    def __init__(
        self,
        record: SpanBook,
        scope: TracerScope,
        name: str,
        kind: SpanKind,
        parent_id: int | None,
        started: float,
    ) -> None:
        self._record = record
        self.scope: TracerScope = scope
        self.name: str = name
        self.kind: SpanKind = kind
        self.span_id: int = getrandbits(64) or 1
        self.parent_id = parent_id
        self.started = started
        self.ended = None
        self.failed = False
        self.attributes: dict[str, Any] | None = None
        self.links: tuple[SpanContext, ...] = ()
        self._context = None

    @property
    def record(self) -> SpanBook:
        return self._record

    def update_name(self, name: str) -> None:
        if self.ended is None:
            self.name = name

    def end(self, end_time: int | None = None) -> None:
        """End now, or at `end_time` nanoseconds since the epoch."""
        if self.ended is None:
            keeper = self._record.keeper
            epoch = keeper.epoch
            self.ended = epoch.monotonic() if end_time is None else epoch.seconds(end_time)
            if self._record.kept:
                keeper.export((self,))
