"""What the middlewares of one request tell each other, in one local object."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from monitor.tenancy.identity import Identity, TenantId
from monitor.tracing.request_trace import RequestTrace

_KEY = "monitor.request"


class RequestRecord:
    """State of one request; it lives in the ASGI scope and dies with it.

    A context variable set by an inner middleware is gone when an outer one records, so what
    the outer ones need travels here.

    Attributes:
        started: Monotonic start of the request, in seconds.
        headers: The request's headers by lower-case name, the last of each; None where no
            performance middleware stands outside.
        identity: Who is asking, once the tenant middleware knows.
        tenant: The bound tenant.
        route: The route's full template, set by whoever matched it first.
        cache: The value of `Cache-Status`'s outcome: hit, miss, stale, bypass, error; or None.
        trace: The request's trace; None without one.
        bypass: Whether the request must not be answered from the cache; for drills.
        lasting: Whether the answer is meant to last, such as a stream of events: the request is
            measured up to the first part of its body.
    """

    __slots__ = ("bypass", "cache", "headers", "identity", "lasting", "route", "started", "tenant", "trace")

    def __init__(self, started: float = 0.0) -> None:
        self.started: float = started
        self.headers: Mapping[bytes, bytes] | None = None
        self.identity: Identity | None = None
        self.tenant: TenantId | None = None
        self.route: str | None = None
        self.cache: str | None = None
        self.trace: RequestTrace | None = None
        self.bypass: bool = False
        self.lasting: bool = False

    @property
    def trace_id(self) -> str:
        """Hex id of the request's trace, empty without one."""
        return "" if self.trace is None else self.trace.trace_id

    @property
    def span_id(self) -> str:
        """Hex id of the server span, empty without one."""
        return "" if self.trace is None else self.trace.hex_span_id


def open_record(scope: MutableMapping[str, Any], started: float) -> RequestRecord:
    """Begin the record of a request; the outermost middleware calls it."""
    record = scope[_KEY] = RequestRecord(started)
    return record


def record_of(scope: MutableMapping[str, Any]) -> RequestRecord:
    """Return the record of the request, begun here if no outer middleware did."""
    record: RequestRecord | None = scope.get(_KEY)
    return open_record(scope, 0.0) if record is None else record
