"""Which requests are sampled at the head, and what a caller's headers say about it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from opentelemetry.baggage import get_all
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, TraceFlags, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_IDS = 1 << 64
_TRACE_CONTEXT = TraceContextTextMapPropagator()
_BAGGAGE = W3CBaggagePropagator()
_NONE: Context = Context()
# What nearly every caller sends: version 00, no tracestate. All else is OpenTelemetry's propagator's work.
_USUAL = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class HeadSampler:
    """Decides by the trace id, so that every service with the same ratio decides alike.

    The same rule as OpenTelemetry's TraceIdRatioBased: the id's lower 64 bits, read as a
    number, lie below the ratio's share of all of them.

    Args:
        ratio: Share of traces to sample, between 0 and 1.
    """

    def __init__(self, ratio: float) -> None:
        self._bound = round(ratio * _IDS)

    def samples(self, trace_id: int) -> bool:
        """Say whether a trace that begins here is sampled."""
        return trace_id & (_IDS - 1) < self._bound


class Propagation:
    """Reads W3C trace context and baggage from a request's headers.

    Args:
        baggage_keys: The baggage entries that may pass; all others are dropped, for nobody
            knows what a caller put there.
    """

    def __init__(self, baggage_keys: frozenset[str] = frozenset()) -> None:
        self._baggage_keys = baggage_keys

    def parent(self, headers: Mapping[bytes, bytes]) -> SpanContext | None:
        """Return the caller's span context, or None without a valid one."""
        value = headers.get(b"traceparent")
        if value is None:
            return None
        plain = _USUAL.fullmatch(value) if b"tracestate" not in headers else None
        if plain is None:
            return _extracted(headers)
        trace_id, span_id, flags = plain.groups()
        found = SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))
        return found if found.is_valid else None

    def baggage(self, headers: Mapping[bytes, bytes]) -> dict[str, object]:
        """Return the caller's baggage as far as it may pass."""
        if not self._baggage_keys or b"baggage" not in headers:
            return {}
        carrier = {"baggage": headers[b"baggage"].decode("latin-1")}
        entries = get_all(_BAGGAGE.extract(carrier, _NONE))
        return {key: value for key, value in entries.items() if key in self._baggage_keys}


def _extracted(headers: Mapping[bytes, bytes]) -> SpanContext | None:
    carrier = {"traceparent": headers[b"traceparent"].decode("latin-1")}
    if b"tracestate" in headers:
        carrier["tracestate"] = headers[b"tracestate"].decode("latin-1")
    found = get_current_span(_TRACE_CONTEXT.extract(carrier, _NONE)).get_span_context()
    return found if found.is_valid else None
