"""A span that is current inside a `with` block."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import Token
from types import TracebackType
from typing import Any, Protocol

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Span, StatusCode, set_span_in_context

from monitor.tracing.flight_span import ChildSpan
from monitor.tracing.spans import ERROR_TYPE
from monitor.tracing.wall_clock import WallClock


class StartsSpans(Protocol):
    """What a `CurrentSpan` asks of its tracer."""

    epoch: WallClock

    @property
    def start_span(self) -> Callable[..., Span]: ...


class CurrentSpan:
    """Begins a span at the block's start and ends it after; also decorates functions and coroutines.

    An exception marks the span as failed with its class alone: messages and tracebacks
    quote what the code was working on.

    Args:
        tracer: Begins the span.
        arguments: Those of the tracer's `start_span`.
        end: Whether leaving the block ends the span.
        mark: Whether an exception marks the span.
    """

    __slots__ = ("_arguments", "_end", "_mark", "_span", "_token", "_tracer")
    _span: Span
    _token: Token[Context]

    def __init__(self, tracer: StartsSpans, arguments: tuple[Any, ...], *, end: bool, mark: bool) -> None:
        self._tracer = tracer
        self._arguments = arguments
        self._end = end
        self._mark = mark

    def __enter__(self) -> Span:
        span = self._span = self._tracer.start_span(*self._arguments)
        self._token = attach(set_span_in_context(span))
        return span

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        detach(self._token)
        span = self._span
        if exc is not None and self._mark and isinstance(exc, Exception):
            span.set_attribute(ERROR_TYPE, type(exc).__qualname__)
            span.set_status(StatusCode.ERROR)
        if not self._end:
            return
        if type(span) is ChildSpan:
            span.end()
        else:
            epoch = self._tracer.epoch
            span.end(epoch.nanoseconds(epoch.monotonic()))

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate `function`: every call has a span of its own."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def traced_coroutine(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return await function(*args, **kwargs)

            return traced_coroutine

        @functools.wraps(function)
        def traced(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return traced

    def _again(self) -> CurrentSpan:
        return CurrentSpan(self._tracer, self._arguments, end=self._end, mark=self._mark)
