"""Begins the trace of each request: sampled for good, or noted until it is known how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from random import getrandbits

from opentelemetry.baggage import set_baggage
from opentelemetry.context import Context
from starlette.types import ASGIApp

from monitor.tracing.asgi_instrumentation import instrumented
from monitor.tracing.flight_record import FlightRecord, Keeper
from monitor.tracing.sampling import HeadSampler, Propagation


class RequestTraces:
    """What the performance middleware begins traces with.

    Args:
        sampler: Decides on requests that come without a caller's decision.
        propagation: Reads the caller's headers.
        keeper: Takes the records.
    """

    def __init__(self, *, sampler: HeadSampler, propagation: Propagation, keeper: Keeper) -> None:
        self._samples = sampler.samples
        self._propagation = propagation
        self._keeper = keeper

    def begin(self, headers: Mapping[bytes, bytes], started: float) -> FlightRecord:
        """Begin the trace of a request; the caller's own decision on sampling is respected."""
        parent = self._propagation.parent(headers) if b"traceparent" in headers else None
        if parent is None:
            trace_id = getrandbits(128) or 1
            sampled = self._samples(trace_id)
        else:
            trace_id = parent.trace_id
            sampled = parent.trace_flags.sampled
        record = FlightRecord(self._keeper, trace_id, parent, started, sampled=sampled)
        if b"baggage" in headers:
            record.above = self._with_baggage(headers)
        return record

    def _with_baggage(self, headers: Mapping[bytes, bytes]) -> Context:
        context = Context()
        for key, value in self._propagation.baggage(headers).items():
            context = set_baggage(key, value, context)
        return context

    def instrument(self, app: ASGIApp) -> ASGIApp:
        """Return `app` behind OpenTelemetry's own ASGI instrumentation, for what the head samples."""
        return instrumented(app)
