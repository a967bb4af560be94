"""One span for each lookup inside a trace that is recorded."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from opentelemetry.trace import INVALID_SPAN, NoOpTracer, StatusCode, Tracer, get_current_span

from monitor.cache.lookup import Lookup

DOMAIN: Final = "cache.domain"
RESULT: Final = "cache.result"
LAYER: Final = "cache.layer"


class LookupSpans:
    """Makes the spans; loads run inside them and are their children.

    Args:
        tracer: Whose spans they are.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._traces = not isinstance(tracer, NoOpTracer)

    def wanted(self) -> bool:
        """Say whether a span would be recorded; under a parent that is not, it would tell nobody."""
        if not self._traces:
            return False
        parent = get_current_span()
        return parent is INVALID_SPAN or parent.is_recording()

    async def around(self, domain: str, lookup: Awaitable[Lookup]) -> Lookup:
        """Await `lookup` in a span that names domain, result and layer, and nothing of the key."""
        with self._tracer.start_as_current_span(
            span_name(domain),
            attributes={DOMAIN: domain},
            record_exception=False,  # an exception's text may be personal
            set_status_on_exception=False,
        ) as span:
            try:
                answer = await lookup
            except Exception as failure:
                span.set_attribute("error.type", type(failure).__name__)
                span.set_status(StatusCode.ERROR)
                raise
            span.set_attribute(RESULT, answer.result.value)
            if answer.layer is not None:
                span.set_attribute(LAYER, answer.layer.value)
            return answer


def span_name(domain: str) -> str:
    """Return the name of a lookup's span."""
    return f"cache get {domain}"
