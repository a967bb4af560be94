"""What a caller's headers say of the trace that it is in (W3C Trace Context, W3C Baggage)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, TraceFlags, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from monitor.tracing.baggage import read_baggage
from monitor.tracing.trace_state import read_trace_state

_TRACE_CONTEXT = TraceContextTextMapPropagator()
_NONE: Context = Context()
# What nearly every caller sends: version 00, no tracestate. All else is OpenTelemetry's propagator's work.
_USUAL = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_PARENT, _STATE = b"traceparent", b"tracestate"

HeaderFields = Iterable[tuple[bytes, bytes]]


class Propagation:
    """Reads W3C trace context and baggage from a request's headers.

    Args:
        baggage_keys: The baggage entries that may pass; all others are dropped, for nobody
            knows what a caller put there.
    """

    def __init__(self, baggage_keys: frozenset[str] = frozenset()) -> None:
        self._baggage_keys = baggage_keys

    def parent(self, fields: HeaderFields) -> SpanContext | None:
        """Return the caller's span context, or None without a valid one.

        Args:
            fields: Every header line, names in lower case. Of two `traceparent`s neither counts
                (3.2.2: it is a single value); several `tracestate`s are one list (3.3.1).
        """
        found = [pair for pair in fields if pair[0] in (_PARENT, _STATE)]
        parents = [value.strip(b" \t") for name, value in found if name == _PARENT]
        if len(parents) != 1:
            return None
        states = [value for name, value in found if name == _STATE]
        plain = None if states else _USUAL.fullmatch(parents[0])
        if plain is None:
            return _extracted(parents[0], b",".join(states))
        trace_id, span_id, flags = plain.groups()
        read = SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))
        return read if read.is_valid else None

    def baggage(self, headers: Mapping[bytes, bytes]) -> dict[str, str]:
        """Return the caller's baggage as far as it may pass."""
        if not self._baggage_keys or b"baggage" not in headers:
            return {}
        entries = read_baggage(headers[b"baggage"])
        return {key: value for key, value in entries.items() if key in self._baggage_keys}


def _extracted(parent: bytes, state: bytes) -> SpanContext | None:
    carrier = {"traceparent": parent.decode("latin-1")}
    found = get_current_span(_TRACE_CONTEXT.extract(carrier, _NONE)).get_span_context()
    if not found.is_valid:
        return None
    if not state:
        return found
    return SpanContext(found.trace_id, found.span_id, True, found.trace_flags, read_trace_state(state))
