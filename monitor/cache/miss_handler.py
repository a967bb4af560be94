"""Lookups that are no hits: loads behind a miss, stale answers, and loads that pass the cache by."""

from __future__ import annotations

import asyncio

from monitor.cache.bypass_flight import BypassFlight
from monitor.cache.cache_observer import CacheLayer, CacheObserver, CacheResult
from monitor.cache.keys import CacheKey
from monitor.cache.loading import Loading, LoadOutcome
from monitor.cache.lookup import Load, Lookup
from monitor.cache.policy import CachePolicy
from monitor.cache.reader import FoundEntry
from monitor.cache.single_flight import Gone
from monitor.cache.waiting import within
from monitor.clock import Clock

_MISS, _STALE = CacheResult.MISS, CacheResult.STALE
_BYPASS, _ERROR = CacheResult.BYPASS, CacheResult.ERROR
_STORE = CacheLayer.STORE


class MissHandler:
    """Answers lookups that found nothing to serve.

    Args:
        loading: Loads and stores.
        observer: Told every outcome, once the load has ended.
        clock: Time.
    """

    def __init__(self, loading: Loading, observer: CacheObserver, clock: Clock) -> None:
        self._loading = loading
        self._bypass = BypassFlight()
        self._observer = observer
        self._clock = clock

    async def aclose(self) -> None:
        """Wait for loads under way."""
        await self._loading.aclose()
        await self._bypass.aclose()

    async def load(
        self,
        policy: CachePolicy,
        key: CacheKey,
        load: Load,
        found: FoundEntry,
        began: float,
        gone: Gone | None = None,
    ) -> Lookup:
        """Answer from a load that this caller begins or joins, or with what is stale if the policy lets it.

        Args:
            policy: The key's.
            key: What is asked for.
            load: Finds the truth.
            found: What the store showed; its generations are what the load is stored under.
            began: Monotonic start of the lookup, in seconds.
            gone: Returns once this caller has gone; asked only where the load wants to know.

        Raises:
            Exception: Whatever `load` raised, where no stale entry may answer for it.
        """
        seconds = self._clock.monotonic() - began
        flight, collapsed = self._loading.join(policy, key, load, found)
        result = _MISS
        try:
            with flight.aboard(gone) as outcome:
                stale = await self._stale_after_soft_timeout(policy, outcome, found)
                if stale is not None:
                    flight.keep()
                    result = _STALE
                    return stale
                brought = await asyncio.shield(outcome)
            if collapsed and not brought.loaded.shared:
                return await self._alone(key, load, gone, _MISS)
            return _missed(brought, collapsed)
        except Exception:
            stale = self._stale(policy, found)
            result = _ERROR if stale is None else _STALE
            if stale is None:
                raise
            return stale
        finally:
            self._observer.looked_up(key.tenant, key.domain, result, _STORE, seconds)

    async def bypass(self, key: CacheKey, load: Load, began: float, gone: Gone | None = None) -> Lookup:
        """Answer from a load that neither looks at the cache nor fills it; callers of one moment share it.

        Raises:
            Exception: Whatever `load` raised.
        """
        seconds = self._clock.monotonic() - began
        flight, collapsed = self._bypass.join(key, lambda: self._loading.observed(key, load))
        if collapsed:
            self._observer.coalesced(key.domain)
        result = _BYPASS
        try:
            with flight.aboard(gone) as outcome:
                loaded = await asyncio.shield(outcome)
            if collapsed and not loaded.shared:
                return await self._alone(key, load, gone, _BYPASS)
            return Lookup(loaded.value, _BYPASS, collapsed=collapsed, negative=loaded.negative)
        except Exception:
            result = _ERROR
            raise
        finally:
            self._observer.looked_up(key.tenant, key.domain, result, _STORE, seconds)

    async def _alone(self, key: CacheKey, load: Load, gone: Gone | None, result: CacheResult) -> Lookup:
        with self._loading.alone(key, load).aboard(gone) as outcome:
            loaded = await asyncio.shield(outcome)
        return Lookup(loaded.value, result, negative=loaded.negative)

    async def _stale_after_soft_timeout(
        self, policy: CachePolicy, outcome: asyncio.Future[LoadOutcome], found: FoundEntry
    ) -> Lookup | None:
        stale = self._stale(policy, found) if policy.soft_timeout_s > 0 else None
        if stale is None or await within(self._clock, outcome, policy.soft_timeout_s):
            return None
        return stale

    def _stale(self, policy: CachePolicy, found: FoundEntry) -> Lookup | None:
        entry = found.entry
        if entry is None or entry.negative or entry.revalidates:
            return None
        now = self._clock.time()
        if now >= entry.expires_at + policy.stale_if_error_s:
            return None
        return Lookup(entry.value, _STALE, found.layer, entry.expires_at - now, now - entry.created_at)


def _missed(brought: LoadOutcome, collapsed: bool) -> Lookup:  # noqa: FBT001 - a fact, not a switch
    return Lookup(
        brought.loaded.value,
        _MISS,
        ttl_left_s=brought.ttl_s if brought.stored else 0.0,
        age_s=brought.age_s,
        stored=brought.stored and not brought.elsewhere,
        collapsed=collapsed or brought.elsewhere,
        negative=brought.loaded.negative,
    )
