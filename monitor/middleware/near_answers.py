"""Answers what the near cache may answer alone, before the rest of the chain is entered.

A hit that asks nobody takes less time than the layers it would pass. So the outermost
middleware asks here first. What is found out on the way, who is asking, how it may be
answered and what is in the process, is left in the request's record: where nothing is at hand
the chain goes on from there. Metrics, trace and log line are the same.
"""

from __future__ import annotations

from starlette.types import Message, Scope

from monitor.cache.cache_observer import CacheLayer, CacheResult
from monitor.cache.lookup_spans import hit_attributes, span_name
from monitor.cache.near_hits import NearHits
from monitor.clock import Clock
from monitor.errors import AuthenticationError
from monitor.middleware.cache_plans import CachePlans
from monitor.middleware.ready_answer import ReadyAnswer, hit_status, structured
from monitor.middleware.request import RequestRecord
from monitor.middleware.reuse import chosen_alike
from monitor.middleware.sign_in import SignIn
from monitor.tracing.request_trace import RequestTrace

_HIT = CacheResult.HIT


class NearAnswers:
    """Finds answers at hand.

    Args:
        sign_in: Settles who is asking, at every request.
        plans: The requests that may be cached.
        hits: The cache's first look.
        clock: Time.
        name: Who we are in `Cache-Status` (RFC 9211).
    """

    def __init__(
        self, *, sign_in: SignIn, plans: CachePlans, hits: NearHits[ReadyAnswer], clock: Clock, name: str
    ) -> None:
        self._settle = sign_in.settle
        self._plan_of = plans.of
        self._at_hand = hits.at_hand
        self._monotonic = clock.monotonic
        self._time = clock.time
        self._name = structured(name)

    def find(
        self, scope: Scope, record: RequestRecord, trace: RequestTrace
    ) -> tuple[Message, Message] | None:
        """Return the messages that answer a GET request, noting it as the whole chain would.

        None, also for a credential that proves nothing: the chain then says what is to be said.
        """
        identity = self._settle(scope, record)
        if isinstance(identity, AuthenticationError):
            return None
        tenant = identity.tenant
        plan = None if tenant is None else self._plan_of(tenant, scope, record)
        if tenant is None or plan is None:
            return None
        began = self._monotonic()
        looked = self._at_hand(tenant, plan.key)
        hit = looked.hit
        if hit is None:
            record.looked = looked
            return None
        ready = hit.prepared
        if ready is None:
            ready = hit.prepared = ReadyAnswer(hit.entry.value)
        if ready.varies and not chosen_alike(ready.varies, scope):
            record.looked = looked
            return None
        record.route, record.cache = plan.route, _HIT
        domain = plan.key.domain
        trace.note(span_name(domain), hit_attributes(domain, CacheLayer.NEAR), began, self._monotonic())
        entry, now = hit.entry, self._time()
        status = hit_status(self._name, entry.expires_at - now)
        return ready.messages(scope, record.headers or {}, status, now - entry.created_at)
