"""A tracing room for tests: manual clock, spans exported to memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from opentelemetry.context import attach, detach
from opentelemetry.sdk.trace import ReadableSpan

from monitor.networks import Networks
from monitor.testing.fakes import ManualClock, RecordingObserver, SpanRecorder
from monitor.tracing.provider import Service, Tracing, build_tracing
from monitor.tracing.request_trace import RequestTrace

CALLER = ("10.1.2.3", 40_000)
CALLERS = Networks(["10.1.0.0/16"])
SLOW_S = 0.125  # exact in binary, so that a test can stand on the bound
SERVICE = Service("clinic", "1.2.3", "test", "worker-1")


@dataclass
class Ended:
    """How a request ended, as the middleware would say it."""

    trace: RequestTrace
    started: float
    ended: float
    scope: dict[str, Any] = field(default_factory=lambda: {"scheme": "http", "http_version": "1.1"})
    method: str = "GET"
    route: str | None = "/contacts/{contact_id}"
    status: int = 200
    outcome: str = "success"
    error_type: str | None = None
    failure: BaseException | None = None
    tenant: int | None = 7
    cache: str | None = None


class Room:
    """The room, what it exported and what it told."""

    def __init__(
        self,
        ratio: float = 0.0,
        *,
        baggage_keys: frozenset[str] = frozenset(),
        trusted: Networks = CALLERS,
        forced_per_s: float = 100.0,
    ) -> None:
        self.clock = ManualClock()
        self.exporter = SpanRecorder()
        self.observer = RecordingObserver()
        self.tracing: Tracing = build_tracing(
            SERVICE,
            clock=self.clock,
            observer=self.observer,
            ratio=ratio,
            slow_s=SLOW_S,
            exporter=self.exporter,
            baggage_keys=baggage_keys,
            trusted=trusted,
            forced_per_s=forced_per_s,
        )

    @contextmanager
    def request(
        self,
        seconds: float = 0.01,
        headers: Mapping[bytes, bytes] | Sequence[tuple[bytes, bytes]] | None = None,
        **facts: Any,
    ) -> Any:
        """Run the block as a request that lasts `seconds` longer than the block itself does."""
        started = self.clock.monotonic()
        lines = list(headers.items() if isinstance(headers, Mapping) else headers or ())
        scope = {"headers": lines, "client": CALLER}
        trace = self.tracing.requests.begin(dict(lines), started, scope)
        token = attach(trace.context)
        try:
            yield trace
        finally:
            detach(token)
            self.clock.advance(seconds)
            self.kept = trace.finish(Ended(trace, started, self.clock.monotonic(), **facts))

    def exported(self) -> list[ReadableSpan]:
        """Return all exported spans, in order of their start."""
        assert self.tracing.flush()
        return sorted(self.exporter.spans, key=lambda span: (span.start_time or 0, -(span.end_time or 0)))

    def shapes(self) -> list[Shape]:
        spans = self.exported()
        names = {span.context.span_id: span.name for span in spans if span.context}
        return [Shape.of(span, names) for span in spans]


@dataclass(frozen=True)
class Shape:
    """All of an exported span that does not differ from one request to the next."""

    name: str
    kind: object
    parent: str | None
    remote_parent: bool | None
    flags: int
    attributes: dict[str, Any]
    status: object
    description: str | None
    events: int
    links: int
    start: int
    duration: int
    resource: dict[str, Any]
    scope: object

    @classmethod
    def of(cls, span: ReadableSpan, names: Mapping[int, str]) -> Self:
        assert span.context is not None
        assert span.start_time is not None
        assert span.end_time is not None
        parent = span.parent
        return cls(
            span.name,
            span.kind,
            None if parent is None else names.get(parent.span_id, f"{parent.span_id:016x}"),
            None if parent is None else parent.is_remote,
            int(span.context.trace_flags),
            dict(span.attributes or {}),
            span.status.status_code,
            span.status.description,
            len(span.events),
            len(span.links),
            span.start_time,
            span.end_time - span.start_time,
            dict(span.resource.attributes),
            span.instrumentation_scope,
        )
