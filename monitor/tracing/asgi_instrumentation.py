"""OpenTelemetry's own ASGI instrumentation, around the server span that is already begun."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.metrics import NoOpMeter
from opentelemetry.trace import NoOpTracer, Span, SpanKind, get_current_span
from starlette.types import ASGIApp


class CurrentServerSpan(NoOpTracer):
    """The tracer that the instrumentation gets: its server span is the one already begun.

    The instrumentation would end its span with readings of its own, set the raw path and address
    on it and quote exceptions; a `FlightRecord` takes none of that.
    """

    def start_span(
        self,
        name: str,  # noqa: ARG002 - it holds the raw path
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,  # noqa: ARG002 - the API's
        attributes: Any = None,  # noqa: ARG002 - they are set again on the running span
        links: Sequence[Any] | None = None,  # noqa: ARG002 - the API's
        start_time: int | None = None,  # noqa: ARG002 - the API's
        record_exception: bool = True,  # noqa: ARG002, FBT001, FBT002 - the API's
        set_status_on_exception: bool = True,  # noqa: ARG002, FBT001, FBT002 - the API's
    ) -> Span:
        return get_current_span(context)


def instrumented(app: ASGIApp) -> ASGIApp:
    """Return `app` behind the instrumentation, without its receive and send spans."""
    behind: ASGIApp = OpenTelemetryMiddleware(
        app,
        default_span_details=_no_details,
        tracer=CurrentServerSpan(),
        meter=NoOpMeter("monitor"),
        exclude_spans=["receive", "send"],
    )
    return behind


def _no_details(_: object) -> tuple[str, dict[str, object]]:
    # The span has its name from the route's template; the default would be made of the raw path.
    return "", {}
