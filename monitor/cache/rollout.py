"""The switch: off at once, on for a share of the traffic by domain and tenant.

It decides which lookups use the cache. Invalidations always run, so whatever is switched
on again has never missed one.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import structlog

from monitor.cache.cache_observer import CacheObserver
from monitor.cache.keys import CacheKey
from monitor.errors import ConfigurationError

ALL = "*"
_BUCKETS = 2**32
_EVERYTHING = (None, None)
_log = structlog.get_logger(__name__)

SwitchScope = tuple[int | None, str | None]
"""A tenant and a domain; None stands for all."""


class Rollout:
    """Shares of traffic that use the cache: of all, a domain, a tenant or both; the least counts.

    A key is in or out by its hash, so every worker decides alike and a key does not flap.

    Args:
        observer: Told every change.
        share: Share of all traffic at the start, from 0 (off) to 1.
    """

    def __init__(self, observer: CacheObserver, share: float = 1.0) -> None:
        self._observer = observer
        self._own: dict[SwitchScope, float] = {_EVERYTHING: _checked(share)}
        self._durable: dict[SwitchScope, float] = {}
        self._shares = dict(self._own)
        self.full: bool = share >= 1
        observer.switched(ALL, share > 0)

    @property
    def overall(self) -> float:
        """The share of all traffic, which no domain or tenant exceeds."""
        return self._shares[_EVERYTHING]

    def allows(self, key: CacheKey) -> bool:
        """Say whether lookups of `key` use the cache."""
        if self.full:
            return True
        share = self.share(key.tenant, key.domain)
        return share >= 1 or crc32(key.encode()) < share * _BUCKETS

    def share(self, tenant: int, domain: str) -> float:
        """Return the share of the tenant's traffic in the domain that uses the cache."""
        of = self._shares.get
        return min(
            of(_EVERYTHING, 1.0), of((None, domain), 1.0), of((tenant, None), 1.0), of((tenant, domain), 1.0)
        )

    def set(self, share: float, *, domain: str | None = None, tenant: int | None = None) -> None:
        """Let `share` of the scope's traffic use the cache, in this worker.

        Raises:
            ConfigurationError: `share` is not between 0 and 1.
        """
        self._own[tenant, domain] = _checked(share)
        self._merge()

    def follow(self, shares: Mapping[SwitchScope, float]) -> None:
        """Take the shares that every worker keeps; each replaces this worker's own for its scope."""
        if shares != self._durable:
            self._durable = dict(shares)
            self._merge()

    @property
    def own(self) -> Mapping[SwitchScope, float]:
        """The shares that were set in this worker alone."""
        return dict(self._own)

    def off(self) -> None:
        """Let nothing use the cache, from the next lookup on."""
        self.set(0.0)

    def on(self) -> None:
        """Let all traffic use the cache that no domain or tenant share keeps from it."""
        self.set(1.0)

    def _merge(self) -> None:
        before, self._shares = self._shares, {**self._own, **self._durable}
        self.full = min(self._shares.values()) >= 1
        for scope in sorted({*before, *self._shares}, key=str):
            share = self._shares.get(scope, 1.0)
            if share != before.get(scope, 1.0):
                self._tell(*scope, share)

    def _tell(self, tenant: int | None, domain: str | None, share: float) -> None:
        # One tenant's share says nothing about the domain's own switch, so that is told as it is.
        told = share if tenant is None else self._shares.get((None, domain), 1.0)
        self._observer.switched(domain or ALL, told > 0)
        _log.warning("cache_switched", domain=domain or ALL, tenant=tenant, share=share)


def _checked(share: float) -> float:
    if not 0 <= share <= 1:
        raise ConfigurationError("cache share", "give a share between 0 and 1")
    return share
