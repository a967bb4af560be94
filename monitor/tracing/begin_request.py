"""Begins the trace of each request: sampled for good, or noted until it is known how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from random import getrandbits
from typing import Any

from opentelemetry.baggage import set_baggage
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext
from starlette.types import ASGIApp

from monitor.networks import Networks
from monitor.tracing.flight_record import FlightRecord, Keeper
from monitor.tracing.propagation import Propagation
from monitor.tracing.sampling import ForcedSampling, HeadSampler


class RequestTraces:
    """What the performance middleware begins traces with.

    Args:
        sampler: Decides on requests that come without a trusted caller's decision.
        propagation: Reads the caller's headers.
        keeper: Takes the records.
        trusted: Whose trace context is followed. Anybody else's is kept as a link: who may write
            the ids and the sampling of our traces may fill our backend and hide in other traces.
        forced: Bounds what trusted callers have sampled.
    """

    def __init__(
        self,
        *,
        sampler: HeadSampler,
        propagation: Propagation,
        keeper: Keeper,
        trusted: Networks,
        forced: ForcedSampling,
    ) -> None:
        self._samples = sampler.samples
        self._state = sampler.state
        self._propagation = propagation
        self._keeper = keeper
        self._trusted = trusted
        self._forced = forced

    def begin(
        self, headers: Mapping[bytes, bytes], started: float, scope: Mapping[str, Any] | None = None
    ) -> FlightRecord:
        """Begin the trace of a request.

        Args:
            headers: By lower-case name, the last of each.
            started: Monotonic seconds.
            scope: The ASGI scope, which knows every header line and who the caller is; None: the
                headers are all there is, and nobody's word is trusted.
        """
        caller = None
        if b"traceparent" in headers:
            caller = self._propagation.parent(headers.items() if scope is None else scope["headers"])
        if caller is None:
            return self._root(started)
        if not self._trusts(scope):
            record = self._root(started)
            record.links = (caller,)
            return record
        return self._below(caller, headers, started)

    def _root(self, started: float) -> FlightRecord:
        trace_id = getrandbits(128) or 1
        sampled = self._samples(trace_id)
        record = FlightRecord(self._keeper, trace_id, None, started, sampled=sampled)
        if sampled:
            record.trace_state = self._state
        return record

    def _below(self, caller: SpanContext, headers: Mapping[bytes, bytes], started: float) -> FlightRecord:
        sampled = caller.trace_flags.sampled and self._forced.allows()
        record = FlightRecord(self._keeper, caller.trace_id, caller, started, sampled=sampled)
        if b"baggage" in headers:
            record.above = self._with_baggage(headers)
        return record

    def _trusts(self, scope: Mapping[str, Any] | None) -> bool:
        client = None if scope is None else scope.get("client")
        return (client[0] if client else None) in self._trusted

    def _with_baggage(self, headers: Mapping[bytes, bytes]) -> Context:
        context = Context()
        for key, value in self._propagation.baggage(headers).items():
            context = set_baggage(key, value, context)
        return context

    def instrument(self, app: ASGIApp) -> ASGIApp:
        """Return `app` behind OpenTelemetry's own ASGI instrumentation, for what the head samples.

        Without that package (extra `otlp`) the request's span is all there is; nothing leaves the process.
        """
        try:
            from monitor.tracing.asgi_instrumentation import instrumented  # noqa: PLC0415 - of an extra
        except ModuleNotFoundError:
            return app
        return instrumented(app)
