"""Answers what the near cache may answer alone, before the rest of the chain is entered.

A hit that asks nobody takes less time than the layers it would pass. So the outermost
middleware asks here first: the credential is checked, the key is made from its tenant, and
whatever is not at hand goes the whole way. Metrics, trace and log line are the same.
"""

from __future__ import annotations

from typing import Protocol

from starlette.types import Message, Scope

from monitor.cache.cache_observer import CacheLayer, CacheResult
from monitor.cache.keys import CacheKey
from monitor.cache.lookup_spans import hit_attributes, span_name
from monitor.cache.near_cache import NearEntry
from monitor.clock import Clock
from monitor.errors import AuthenticationError, InvalidTenantId
from monitor.middleware.cached_route import CachePlans
from monitor.middleware.ready_answer import ReadyAnswer, hit_status
from monitor.middleware.request import RequestRecord
from monitor.tenancy.identity import TenantId
from monitor.tenancy.resolver import TenantResolver
from monitor.tracing.flight_record import FlightRecord
from monitor.tracing.spans import KIT

_HIT = CacheResult.HIT


class NearCached(Protocol):
    """What is asked of the cache."""

    def at_hand(self, tenant: TenantId, key: CacheKey) -> NearEntry | None:
        """Return, and count as a hit, what may be served without a question to the store."""
        ...


class NearAnswers:
    """Finds answers at hand.

    Args:
        resolver: Checks the credential, at every request.
        plans: The requests that may be cached.
        cache: Usually a `TenantCache`.
        clock: Time.
        name: Who we are in `Cache-Status` (RFC 9211).
    """

    def __init__(
        self, *, resolver: TenantResolver, plans: CachePlans, cache: NearCached, clock: Clock, name: str
    ) -> None:
        self._resolve = resolver.resolve
        self._plans = plans
        self._at_hand = cache.at_hand
        self._monotonic = clock.monotonic
        self._time = clock.time
        self._name = name.encode()

    def find(
        self, scope: Scope, record: RequestRecord, trace: FlightRecord
    ) -> tuple[Message, Message] | None:
        """Return the messages that answer a GET request, noting it as the whole chain would.

        None, also for a credential that proves nothing: the chain then says what is to be said.
        """
        try:
            identity = self._resolve((record.headers or {}).get(b"authorization", b""))
        except (AuthenticationError, InvalidTenantId):
            return None
        tenant = identity.tenant
        plan = None if tenant is None else self._plans.of(tenant, scope)
        if tenant is None or plan is None:
            return None
        began = self._monotonic()
        held = self._at_hand(tenant, plan.key)
        if held is None:
            return None
        record.identity, record.tenant = identity, tenant
        record.route, record.cache = plan.route, _HIT
        domain = plan.key.domain
        trace.add(
            KIT, span_name(domain), hit_attributes(domain, CacheLayer.NEAR), trace, began, self._monotonic()
        )
        ready = held.ready
        if not isinstance(ready, ReadyAnswer):
            ready = held.ready = ReadyAnswer(held.entry.value)
        return ready.messages(scope, hit_status(self._name, held.entry.expires_at - self._time()))
