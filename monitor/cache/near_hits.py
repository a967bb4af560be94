"""The first look of every lookup: may it use the cache, and is the answer at hand?

It asks nobody. What the switch, the admission and the near cache say is found out here once
for each lookup and handed on, so that a lookup which must go to the store asks none of them
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, NamedTuple

from monitor.cache.admission import Admission
from monitor.cache.cache_observer import CacheLayer, CacheObserver, CacheResult
from monitor.cache.keys import CacheKey
from monitor.cache.near_cache import NearCache, NearEntry, Prepared
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.rollout import Rollout
from monitor.clock import Clock
from monitor.tenancy.identity import TenantId

_ASKLESS = (NearMode.LEASED, NearMode.BOUNDED)
_HIT, _NEAR = CacheResult.HIT, CacheLayer.NEAR
_new = tuple.__new__


class FirstLook(NamedTuple, Generic[Prepared]):
    """What a lookup knows before it asks the store.

    It stays good while its request goes on: a read may answer with anything that was true at
    some time since it began, and the store's own reading comes after it.

    Attributes:
        epoch: The epoch to look up and store under; None: pass the cache by.
        hit: The entry that may be served without a question to the store.
        held: The entry that may be served if the store confirms its generations.
    """

    epoch: int | None
    hit: NearEntry[Prepared] | None = None
    held: NearEntry[Prepared] | None = None


class NearHits(Generic[Prepared]):
    """Looks at what is in the process: hits that ask nobody, in the modes leased and bounded.

    In the second half of a lease one caller at a time goes to the store and renews it for
    all; else all callers would find it ended together, and all would go.

    Args:
        near: The near cache, if there is one.
        policies: How each domain is cached.
        admission: This worker's right to use the cache.
        rollout: The switch.
        observer: Told the hits that `at_hand` gives.
        clock: Time.
    """

    def __init__(
        self,
        near: NearCache[Prepared] | None,
        policies: Mapping[str, CachePolicy],
        *,
        admission: Admission,
        rollout: Rollout,
        observer: CacheObserver,
        clock: Clock,
    ) -> None:
        modes = {domain: policy.near for domain, policy in policies.items()} if near is not None else {}
        self._near = near
        self._held = frozenset(domain for domain, mode in modes.items() if mode is not NearMode.OFF)
        self._askless = frozenset(domain for domain, mode in modes.items() if mode in _ASKLESS)
        self._admits = admission.admits
        self._rollout = rollout
        self._looked_up = observer.looked_up
        self._now = clock.monotonic
        self._time = clock.time

    def look(self, key: CacheKey, now: float) -> FirstLook[Prepared]:
        """Find out what a lookup of `key` that begins `now` (monotonic seconds) may do.

        A caller that is given no hit must go to the store: it may be the one that renews.
        """
        rollout, domain = self._rollout, key.domain
        epoch = self._admits(key.tenant, domain) if rollout.full or rollout.allows(key) else None
        near = self._near
        if epoch is None or near is None or domain not in self._held:
            return _new(FirstLook, (epoch, None, None))
        if domain in self._askless:
            hit = self._leased(near, key, epoch, now)
            if hit is not None:
                return _new(FirstLook, (epoch, hit, None))
        return _new(FirstLook, (epoch, None, near.get(key)))

    def at_hand(self, tenant: TenantId, key: CacheKey) -> FirstLook[Prepared]:
        """Look, and count what is at hand as a hit.

        Args:
            tenant: Who asks, by a credential that was checked now.
            key: What is asked for.

        Raises:
            CrossTenantAccess: The key is not the tenant's.
        """
        key.require(tenant)
        began = self._now()
        look = self.look(key, began)
        if look.hit is not None:
            self._looked_up(tenant, key.domain, _HIT, _NEAR, self._now() - began)
        return look

    def _leased(
        self, near: NearCache[Prepared], key: CacheKey, epoch: int, now: float
    ) -> NearEntry[Prepared] | None:
        held = near.leased(key, epoch, now)
        if held is None or held.entry.expires_at <= self._time():
            return None
        sighting, half = held.sighting, near.lease_s / 2
        if now - sighting.sent_at > half and now - sighting.asked_at > half:
            sighting.asked_at = now
            return None
        return held
