"""One span for each lookup inside a trace that is recorded."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import lru_cache
from typing import Final, Protocol, runtime_checkable

from opentelemetry.trace import INVALID_SPAN, NoOpTracer, StatusCode, Tracer, get_current_span

from monitor.cache.cache_observer import CacheLayer, CacheResult
from monitor.cache.lookup import Lookup
from monitor.clock import Clock
from monitor.errors import error_type_of

DOMAIN: Final = "cache.domain"
RESULT: Final = "cache.result"
LAYER: Final = "cache.layer"

_NANO = 1e9
_KINDS = 1_000  # of hits whose attributes are kept


@runtime_checkable
class TakesEndedSpans(Protocol):
    """A tracer that dates spans by monotonic readings, and takes one that is over at once.

    A hit is over when it is known to be one: to open a span for it, make it current and close
    it again would cost several times what the span is worth.
    """

    def add_ended(self, name: str, attributes: dict[str, str], started: float, ended: float) -> None:
        """Add a span below the current one."""
        ...

    def date(self, reading: float) -> int:
        """Return nanoseconds since the epoch for a monotonic reading in seconds."""
        ...


class LookupSpans:
    """Makes the spans; loads run inside them and are their children.

    Args:
        tracer: Whose spans they are.
        clock: Dates them where the tracer does not.
    """

    def __init__(self, tracer: Tracer, clock: Clock) -> None:
        self._tracer = tracer
        self._traces = not isinstance(tracer, NoOpTracer)
        self._ended = tracer if isinstance(tracer, TakesEndedSpans) else _Dated(tracer, clock)

    def wanted(self) -> bool:
        """Say whether a span would be recorded; under a parent that is not, it would tell nobody."""
        if not self._traces:
            return False
        parent = get_current_span()
        return parent is INVALID_SPAN or parent.is_recording()

    def hit(self, domain: str, layer: CacheLayer, started: float, ended: float) -> None:
        """Tell of a hit, by the readings that its metric has."""
        self._ended.add_ended(span_name(domain), hit_attributes(domain, layer), started, ended)

    async def around(self, domain: str, lookup: Awaitable[Lookup], started: float) -> Lookup:
        """Await what is no hit in a span that names domain, result and layer, and nothing of the key."""
        with self._tracer.start_as_current_span(
            span_name(domain),
            attributes={DOMAIN: domain},
            start_time=self._ended.date(started),
            record_exception=False,  # an exception's text may be personal
            set_status_on_exception=False,
        ) as span:
            try:
                answer = await lookup
            except Exception as failure:
                span.set_attribute("error.type", error_type_of(failure))
                span.set_status(StatusCode.ERROR)
                raise
            span.set_attribute(RESULT, answer.result.value)
            if answer.layer is not None:
                span.set_attribute(LAYER, answer.layer.value)
            return answer


class _Dated:
    """Any other tracer."""

    def __init__(self, tracer: Tracer, clock: Clock) -> None:
        self._tracer = tracer
        self._clock = clock

    def add_ended(self, name: str, attributes: dict[str, str], started: float, ended: float) -> None:
        span = self._tracer.start_span(name, attributes=attributes, start_time=self.date(started))
        span.end(self.date(ended))

    def date(self, reading: float) -> int:
        return round((self._clock.time() - self._clock.monotonic() + reading) * _NANO)


def span_name(domain: str) -> str:
    """Return the name of a lookup's span."""
    return f"cache get {domain}"


@lru_cache(maxsize=_KINDS)
def hit_attributes(domain: str, layer: CacheLayer) -> dict[str, str]:
    """Return the attributes of a hit's span; they are shared, and never changed."""
    return {DOMAIN: domain, RESULT: CacheResult.HIT.value, LAYER: layer.value}
