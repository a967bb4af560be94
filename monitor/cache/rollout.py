"""The switch: off at once, on for a share of the traffic by domain and clinic.

It decides which lookups use the cache. Invalidations always run, so whatever is switched
on again has never missed one.
"""

from __future__ import annotations

from zlib import crc32

import structlog

from monitor.cache.keys import CacheKey
from monitor.cache.observer import CacheObserver
from monitor.errors import ConfigurationError

ALL = "*"
_BUCKETS = 2**32
_log = structlog.get_logger(__name__)


class Rollout:
    """Shares of traffic that use the cache: of all, of a domain, of a clinic; the least counts.

    A key is in or out by its hash, so every worker decides alike and a key does not flap.

    Args:
        observer: Told every change.
        share: Share of all traffic at the start, from 0 (off) to 1.
    """

    def __init__(self, observer: CacheObserver, share: float = 1.0) -> None:
        self._observer = observer
        self._all = _checked(share)
        self._domains: dict[str, float] = {}
        self._tenants: dict[int, float] = {}
        self.full = share >= 1
        observer.switched(ALL, share > 0)

    @property
    def overall(self) -> float:
        """The share of all traffic, which no domain or clinic exceeds."""
        return self._all

    def allows(self, key: CacheKey) -> bool:
        """Say whether lookups of `key` use the cache."""
        if self.full:
            return True
        share = self.share(key.tenant, key.domain)
        return share >= 1 or crc32(key.encode()) < share * _BUCKETS

    def share(self, tenant: int, domain: str) -> float:
        """Return the share of the clinic's traffic in the domain that uses the cache."""
        return min(self._all, self._domains.get(domain, 1.0), self._tenants.get(tenant, 1.0))

    def set(self, share: float, *, domain: str | None = None, tenant: int | None = None) -> None:
        """Let `share` of the traffic use the cache: of the domain, of the clinic, or of all.

        Raises:
            ConfigurationError: `share` is not between 0 and 1.
        """
        _checked(share)
        if tenant is not None:
            self._tenants[tenant] = share
        elif domain is not None:
            self._domains[domain] = share
        else:
            self._all = share
        self.full = min(self._all, *self._domains.values(), *self._tenants.values(), 1.0) >= 1
        self._observer.switched(domain or ALL, share > 0)
        _log.warning("cache_switched", domain=domain or ALL, clinic=tenant, share=share)

    def off_scopes(self) -> list[tuple[int | None, str | None]]:
        """Return what has no share at all, as (tenant, domain); None stands for all."""
        scopes: list[tuple[int | None, str | None]] = [(None, None)] if self._all <= 0 else []
        scopes += [(None, domain) for domain, share in self._domains.items() if share <= 0]
        return scopes + [(tenant, None) for tenant, share in self._tenants.items() if share <= 0]

    def off(self) -> None:
        """Let nothing use the cache, from the next lookup on."""
        self.set(0.0)

    def on(self) -> None:
        """Let all traffic use the cache that no domain or clinic share keeps from it."""
        self.set(1.0)


def _checked(share: float) -> float:
    if not 0 <= share <= 1:
        raise ConfigurationError("cache share", "give a share between 0 and 1")
    return share
