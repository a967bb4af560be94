"""Cache-aside for tenants: look up, load behind a miss, and refresh generations after a write.

The protocol is drawn in `docs/cache.md`. In short: a hit is one MGET of the generations and
the value; a load begins only after the generations were read; a write gives its scopes
fresh generations before it is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import structlog
from opentelemetry.trace import Tracer

from monitor.cache.admission import Admission
from monitor.cache.cache_observer import CacheLayer, CacheObserver, CacheResult
from monitor.cache.entry import Entry
from monitor.cache.expiry import Expiry
from monitor.cache.generations import Generations, born_at
from monitor.cache.invalidator import Invalidator
from monitor.cache.keys import TENANT_PREFIX, CacheKey
from monitor.cache.load_lease import LoadLease
from monitor.cache.loading import Loading
from monitor.cache.lookup import Load, Lookup, Refreshed
from monitor.cache.lookup_spans import LookupSpans
from monitor.cache.miss_handler import MissHandler
from monitor.cache.near_cache import NearCache
from monitor.cache.near_hits import FirstLook, NearHits
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.reader import EntryReader, FoundEntry
from monitor.cache.rollout import Rollout
from monitor.cache.sampler import ConsistencySampler
from monitor.cache.sealer import Sealer
from monitor.cache.single_flight import Gone
from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.errors import InvalidCacheKey, StoreUnavailable
from monitor.scopes import CacheScope
from monitor.tenancy.context import bound_tenant

_HIT, _BYPASS = CacheResult.HIT, CacheResult.BYPASS
_NEAR, _STORE = CacheLayer.NEAR, CacheLayer.STORE
_PASS_BY: FirstLook[Any] = FirstLook(None)
_new = tuple.__new__
_LOG_EVERY_S = 1.0  # least time between two lines about the same failure
_log = structlog.get_logger(__name__)


class TenantCache:
    """The cache of one worker.

    Attributes:
        store: The shared store.
        near_hits: The first look of every lookup, for who can answer from it alone.

    Args:
        store: The shared store.
        policies: How each domain is cached; a key of any other domain is refused.
        observer: Told every outcome.
        tracer: Makes one span for each lookup inside a recorded trace.
        clock: Time.
        admission: This worker's right to use the cache.
        sealer: Closes and opens entries.
        near: The near cache; None: none.
        rollout: The switch.
        expiry: Draws the end of entries.
        sampler: Compares a share of the hits with the truth; None: no hit is.
        prefix: What stands before the tenant's id in the service's keys.
    """

    def __init__(
        self,
        *,
        store: Store,
        policies: Mapping[str, CachePolicy],
        observer: CacheObserver,
        tracer: Tracer,
        clock: Clock,
        admission: Admission,
        sealer: Sealer,
        near: NearCache[Any] | None,
        rollout: Rollout,
        expiry: Expiry | None = None,
        sampler: ConsistencySampler | None = None,
        prefix: str = TENANT_PREFIX,
    ) -> None:
        self._prefix = prefix
        self.store: Store = store
        self._policies = dict(policies)
        self._observer = observer
        self._spans = LookupSpans(tracer, clock)
        self._clock = clock
        self._now = clock.monotonic
        self._time = clock.time
        self._hits = 0
        self._admission = admission
        self._near = near
        self.near_hits: NearHits[Any] = NearHits(
            near, policies, admission=admission, rollout=rollout, observer=observer, clock=clock
        )
        self._expiry = expiry or Expiry()
        self._sampler = sampler
        self._bypassed = _BypassLog(clock)
        generations = Generations(store, clock, prefix=prefix)
        self._finder = EntryReader(
            store=store,
            generations=generations,
            sealer=sealer,
            near=near,
            admission=admission,
            observer=observer,
        )
        self._loading = Loading(
            store=store,
            sealer=sealer,
            near=near,
            admission=admission,
            observer=observer,
            clock=clock,
            expiry=self._expiry,
            lease=None if store.signals is None else LoadLease(store, store.signals, clock),
        )
        self._misses = MissHandler(self._loading, observer, clock)
        self._refresher = Invalidator(
            store=store,
            generations=generations,
            policies=policies,
            near=near,
            admission=admission,
            observer=observer,
            clock=clock,
        )

    def get_or_load(
        self,
        key: CacheKey,
        load: Load,
        *,
        bypass: bool = False,
        looked: FirstLook[Any] | None = None,
        gone: Gone | None = None,
    ) -> Coroutine[Any, Any, Lookup]:
        """Answer from the cache, or load, store and answer.

        Args:
            key: Whose tenant must be the one in context.
            load: Finds the truth, in a transaction it opens itself; it runs in a task of its
                own with the caller's context, and goes on if the caller is cancelled.
            bypass: Load without a look at the cache, and count it as such; for drills.
            looked: The first look, where this request's was taken already and found no hit.
            gone: Returns once the caller has gone; asked only where a load wants to know whether
                anybody still waits for it.

        Raises:
            TenantNotBound, CrossTenantAccess: The key is not the bound tenant's.
            InvalidCacheKey: The key's domain has no policy, or its prefix is not the service's.
            Exception: Whatever `load` raised, where no stale entry may answer for it.
        """
        if bound_tenant() != key.tenant:
            key.require_bound()
        policy = self._policies.get(key.domain)
        if policy is None:
            raise InvalidCacheKey("its domain has no cache policy")
        if key.prefix != self._prefix:
            # Writes replace the generations under the service's own prefix: no other is ever made stale.
            raise InvalidCacheKey(f"it must begin with {self._prefix}, not {key.prefix}")
        return self._looked_up(
            policy, key, load, _PASS_BY if bypass else looked, gone, traced=self._spans.wanted()
        )

    async def refresh(self, scopes: Sequence[CacheScope]) -> Refreshed:
        """Give the scopes fresh generations, after the commit; see `Invalidator.refresh`."""
        return await self._refresher.refresh(scopes)

    async def prove(self) -> Refreshed:
        """Say whether a refresh would be confirmed now; see `Invalidator.prove`."""
        return await self._refresher.prove()

    async def incarnation(self) -> str | None:
        """Return the incarnation that the store's connection reaches now; None: it does not answer."""
        try:
            return await self.store.ping()
        except StoreUnavailable:
            return None

    async def reach(self) -> None:
        """Return if the store takes what is written; a store that only answers is no cache.

        Raises:
            StoreUnavailable: It does not; the reason says why, or that the breaker is open.
        """
        await self.store.prove_writable()

    async def reconnect(self) -> None:
        """Leave a server whose epoch is over."""
        await self.store.reconnect()

    async def aclose(self) -> None:
        """Wait for loads under way and close the store."""
        if self._sampler is not None:
            await self._sampler.aclose()
        await self._misses.aclose()
        await self.store.aclose()

    async def _looked_up(
        self,
        policy: CachePolicy,
        key: CacheKey,
        load: Load,
        looked: FirstLook[Any] | None,
        gone: Gone | None,
        *,
        traced: bool,
    ) -> Lookup:
        began = self._now()
        epoch, hit, held = looked or self.near_hits.look(key, began)
        if epoch is None:
            return await self._told(traced, key, self._misses.bypass(key, load, began, gone), began)
        if hit is not None:
            return self._hit(key, hit.entry, _NEAR, self._time(), began, traced=traced)
        finder, near = self._finder, None if policy.near is NearMode.OFF else self._near
        try:
            # `EntryReader.find`, without a coroutine of its own.
            reading = await finder.read(key.read_keys if held is None else key.generation_keys)
            found = finder.found(key, epoch, reading, near, held)
            if found is None:
                found = await finder.find_more(key, epoch, reading, near)
        except StoreUnavailable as failure:
            self._bypassed.warn(key.domain, failure)
            return await self._told(traced, key, self._misses.bypass(key, load, began, gone), began)
        except asyncio.CancelledError:
            self._observer.looked_up(key.tenant, key.domain, _BYPASS, _STORE, self._now() - began)
            raise
        entry, now = found.entry, self._time()
        if entry is None or entry.expires_at <= now:
            return await self._told(
                traced, key, self._misses.load(policy, key, load, found, began, gone), began
            )
        self._look_behind(policy, key, load, found, entry, now)
        return self._hit(key, entry, found.layer, now, began, traced=traced)

    def _told(
        self,
        traced: bool,  # noqa: FBT001 - a fact, not a switch
        key: CacheKey,
        lookup: Coroutine[Any, Any, Lookup],
        began: float,
    ) -> Coroutine[Any, Any, Lookup]:
        return self._spans.around(key.domain, lookup, began) if traced else lookup

    def _look_behind(
        self, policy: CachePolicy, key: CacheKey, load: Load, found: FoundEntry, entry: Entry, now: float
    ) -> None:
        """Do what some hits have done behind them; none waits for it."""
        self._hits += 1
        if not self._hits & 15:
            # The distribution is the same from one hit in sixteen, and a hit pays less for it.
            self._observer.generation_age(key.domain, now - born_at(found.stamp))
        if self._sampler is not None and self._sampler.drawn():
            self._sampler.compare(key, entry, load, self._found_now)
        if self._expiry.refresh_is_early(policy, entry, now):
            self._loading.begin_early(policy, key, load, found, entry)

    def _hit(
        self, key: CacheKey, entry: Entry, layer: CacheLayer, now: float, began: float, *, traced: bool
    ) -> Lookup:
        ended = self._now()
        self._observer.looked_up(key.tenant, key.domain, _HIT, layer, ended - began)
        if traced:
            self._spans.hit(key.domain, layer, began, ended)
        value, created_at, expires_at, _, negative, _ = entry
        # What Lookup(...) does, at half its cost.
        return _new(Lookup, (value, _HIT, layer, expires_at - now, now - created_at, False, False, negative))

    async def _found_now(self, key: CacheKey) -> FoundEntry | None:
        epoch = self._admission.admits(key.tenant, key.domain)
        return None if epoch is None else await self._finder.find(self._policies[key.domain], key, epoch)


class _BypassLog:
    """Warns of lookups answered without the store: one line a second for each domain and reason.

    A store may fail a thousand times a second; the line says how many lookups it stands for.
    """

    def __init__(self, clock: Clock) -> None:
        self._now = clock.monotonic
        self._last: dict[tuple[str, str], tuple[float, int]] = {}

    def warn(self, domain: str, failure: StoreUnavailable) -> None:
        now, about = self._now(), (domain, failure.reason)
        last, silent = self._last.get(about, (float("-inf"), 0))
        if now - last < _LOG_EVERY_S:
            self._last[about] = (last, silent + 1)
            return
        self._last[about] = (now, 0)
        _log.warning(
            "cache_bypassed",
            domain=domain,
            operation=failure.operation,
            reason=failure.reason,
            count=silent + 1,
        )
