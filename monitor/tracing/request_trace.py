"""What the performance middleware and a request's trace say to each other."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, Protocol

from opentelemetry.context import Context
from starlette.types import ASGIApp


class Ending(Protocol):
    """How a request ended, as the middleware read it; times are monotonic seconds."""

    @property
    def scope(self) -> MutableMapping[str, Any]: ...

    @property
    def method(self) -> str: ...

    @property
    def route(self) -> str | None: ...

    @property
    def status(self) -> int: ...

    @property
    def outcome(self) -> str: ...

    @property
    def error_type(self) -> str | None: ...

    @property
    def failure(self) -> BaseException | None: ...

    @property
    def tenant(self) -> int | None: ...

    @property
    def cache(self) -> str | None: ...

    @property
    def trace(self) -> RequestTrace: ...

    @property
    def started(self) -> float: ...

    @property
    def ended(self) -> float: ...


class CurrentRequest(Protocol):
    """The request that the running task serves."""

    @property
    def matched_route(self) -> str | None:
        """The route's full template as far as it is known by now."""
        ...


CURRENT_REQUEST: ContextVar[CurrentRequest | None] = ContextVar("monitor_request", default=None)


class RequestTrace(Protocol):
    """The trace of one request, from its server span on.

    Attributes:
        sampled: Whether the head decided to sample it.
        id: The trace's id.
        span_id: The server span's id.
        trace_id: The trace's id in hex, 32 digits.
        hex_span_id: The server span's id in hex, 16 digits.
        context: The OpenTelemetry context in which the request runs.
    """

    sampled: bool

    @property
    def id(self) -> int: ...

    @property
    def span_id(self) -> int: ...

    @property
    def trace_id(self) -> str: ...

    @property
    def hex_span_id(self) -> str: ...

    @property
    def context(self) -> Context: ...

    def note(self, name: str, attributes: dict[str, Any], started: float, ended: float) -> None:
        """Add a span of the kit's own that is over, below the server span; times are monotonic seconds.

        `attributes` are allowed ones only; they are shared, and never changed.
        """
        ...

    def finish(self, ending: Ending, *, may_be_slow: bool = True) -> bool:
        """End the server span at `ending.ended`; say whether the trace is kept.

        `may_be_slow` is false for connections that are meant to last, such as websockets.
        """
        ...


class RequestTracing(Protocol):
    """Begins traces of requests."""

    def begin(
        self, headers: Mapping[bytes, bytes], started: float, scope: Mapping[str, Any] | None = None
    ) -> RequestTrace:
        """Begin the trace of a request, under the remote parent that a trusted caller names."""
        ...

    def instrument(self, app: ASGIApp) -> ASGIApp:
        """Return `app` behind OpenTelemetry's own ASGI instrumentation, for what the head samples."""
        ...
