"""What a write does to the cache: fresh generations for its scopes, confirmed or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from monitor.cache.admission import Admission
from monitor.cache.cache_observer import CacheObserver
from monitor.cache.generations import Generations
from monitor.cache.lookup import Refreshed
from monitor.cache.near_cache import NearCache
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.errors import StoreUnavailable
from monitor.scopes import CacheScope

_log = structlog.get_logger(__name__)


class Invalidator:
    """Replaces the generations of scopes in one round trip and judges whether that may be relied on.

    Args:
        store: The shared store.
        generations: The tokens in it.
        policies: Says which domains writers must wait for (leased near caches).
        near: This process's near cache.
        admission: This worker's right to confirm.
        observer: Told every invalidation.
        clock: Time for durations and the wait.
    """

    def __init__(
        self,
        *,
        store: Store,
        generations: Generations,
        policies: Mapping[str, CachePolicy],
        near: NearCache[Any] | None,
        admission: Admission,
        observer: CacheObserver,
        clock: Clock,
    ) -> None:
        self._store = store
        self._generations = generations
        self._leased = frozenset(name for name, policy in policies.items() if policy.near is NearMode.LEASED)
        self._near = near
        self._admission = admission
        self._observer = observer
        self._clock = clock

    async def refresh(self, scopes: Sequence[CacheScope]) -> Refreshed:
        """Send fresh generations for every scope; never raises for the store's sake.

        Returns after the lease of leased near caches, so that no worker's process answers
        from before the refresh once it is confirmed.
        """
        began = self._clock.monotonic()
        self._forget(scopes)
        epoch = self._admission.confirms()
        incarnation = await self._replaced(scopes)
        confirmed = self._confirms(epoch, incarnation)
        if incarnation is not None and self._near is not None and self._waits(scopes):
            await self._clock.sleep(self._near.lease_s)
        seconds = self._clock.monotonic() - began
        for scope in scopes:
            self._observer.invalidated(scope.tenant, scope.domain, seconds, confirmed)
        return Refreshed(confirmed, incarnation)

    async def prove(self) -> Refreshed:
        """Say whether an invalidation would be confirmed now, shown by a value that the store took."""
        epoch = self._admission.confirms()
        try:
            incarnation = await self._store.prove_writable()
        except StoreUnavailable:
            return Refreshed(confirmed=False, incarnation=None)
        return Refreshed(self._confirms(epoch, incarnation), incarnation)

    def _confirms(self, epoch: int | None, incarnation: str | None) -> bool:
        # Judged before the SETs were sent and again at their answer: a lease that ran out in
        # between may hide an epoch in which another primary counts.
        return (
            incarnation is not None
            and epoch is not None
            and self._admission.confirms() == epoch
            and self._admission.recognises(epoch, incarnation)
        )

    async def _replaced(self, scopes: Sequence[CacheScope]) -> str | None:
        try:
            return await self._generations.replace(scopes) if scopes else None
        except StoreUnavailable as failure:
            _log.warning("cache_refresh_failed", reason=failure.reason, count=len(scopes))
            return None

    def _waits(self, scopes: Sequence[CacheScope]) -> bool:
        return any(scope.domain in self._leased for scope in scopes)

    def _forget(self, scopes: Sequence[CacheScope]) -> None:
        if self._near is not None:
            for scope in scopes:
                self._near.forget(scope)
