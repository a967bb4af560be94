"""What the middlewares of one request tell each other, in one local object."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, NamedTuple

from monitor.cache.keys import CacheKey
from monitor.cache.near_hits import FirstLook
from monitor.errors import AuthenticationError
from monitor.tenancy.identity import Identity, TenantId
from monitor.tracing.request_trace import RequestTrace

_KEY = "monitor.request"


class Plan(NamedTuple):
    """How one request may be answered from the cache.

    Attributes:
        key: What to look up.
        route: The route's template.
    """

    key: CacheKey
    route: str


class RequestRecord:
    """State of one request; it lives in the ASGI scope and dies with it.

    A context variable set by an inner middleware is gone when an outer one records, so what
    the outer ones need travels here.

    Attributes:
        started: Monotonic start of the request, in seconds.
        headers: The request's headers by lower-case name, the last of each; None where no
            performance middleware stands outside.
        sign_in: Who settled the request's credential, so that it need not be checked again.
        settled: What that came to.
        identity: Who is asking, once that is settled.
        tenant: The identity's tenant.
        plans: Who made out how the request may be answered from the cache.
        plan: What that came to; None: it is not cached.
        looked: What a first look at the cache found where it found no hit; None: nobody looked.
        route: The route's full template, set by whoever matched it first.
        cache: The value of `Cache-Status`'s outcome: hit, miss, stale, bypass, error; or None.
        error_type: What failed, where the answer came from a load that failed elsewhere.
        trace: The request's trace; None without one.
        bypass: Whether the request must not be answered from the cache; for drills.
        lasting: Whether the answer is meant to last, such as a stream of events: the request is
            measured up to the first part of its body.
    """

    __slots__ = (
        "bypass", "cache", "error_type", "headers", "identity", "lasting", "looked", "plan", "plans", "route",
        "settled", "sign_in", "started", "tenant", "trace",
    )  # fmt: skip

    def __init__(self, started: float = 0.0) -> None:
        self.started: float = started
        self.headers: Mapping[bytes, bytes] | None = None
        self.sign_in: object = None
        self.settled: Identity | AuthenticationError | None = None
        self.identity: Identity | None = None
        self.tenant: TenantId | None = None
        self.plans: object = None
        self.plan: Plan | None = None
        self.looked: FirstLook[Any] | None = None
        self.route: str | None = None
        self.error_type: str | None = None
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
