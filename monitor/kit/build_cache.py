"""A worker's cache, as its settings and the service want it."""

from __future__ import annotations

import secrets
from typing import Any

from opentelemetry.trace import Tracer

from monitor.cache.admission import Admission
from monitor.cache.cache_aside import TenantCache
from monitor.cache.cache_observer import CacheObserver
from monitor.cache.expiry import Expiry
from monitor.cache.memory_store import MemoryStore
from monitor.cache.near_cache import NearCache
from monitor.cache.rollout import Rollout
from monitor.cache.sampler import ConsistencySampler
from monitor.cache.sealer import Sealer, StampingSealer
from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.extras import needed_for
from monitor.kit.adoption import Adoption
from monitor.middleware.stored_answer import same_content
from monitor.settings import CacheSettings

_SETTLED_LEASES = 2.5  # in so many leases every committed write has been answered


def build_cache(
    settings: CacheSettings,
    adoption: Adoption,
    *,
    observer: CacheObserver,
    tracer: Tracer,
    clock: Clock,
    admission: Admission,
    rollout: Rollout,
) -> TenantCache:
    """Build the cache.

    Raises:
        ConfigurationError: The store's URL cannot work, or needs an extra that is not installed.
    """
    near: NearCache[Any] | None = (
        NearCache(settings.near_bytes, sized=observer.near_cache_sized) if settings.near_bytes else None
    )
    return TenantCache(
        store=_store(settings, observer, clock),
        policies={policy.domain: policy for policy in adoption.policies},
        observer=observer,
        tracer=tracer,
        clock=clock,
        admission=admission,
        sealer=_sealer(settings),
        near=near,
        rollout=rollout,
        expiry=Expiry(adoption.zone),
        sampler=_sampler(settings, adoption, observer, clock),
        prefix=adoption.naming.key_prefix,
    )


def _store(settings: CacheSettings, observer: CacheObserver, clock: Clock) -> Store:
    if settings.in_memory:
        return MemoryStore(clock)
    with needed_for("cache url", "redis"):
        from monitor.redis.open_store import open_store  # noqa: PLC0415 - a cache in memory loads none of it

    return open_store(settings.url, clock=clock, observer=observer, timeout_s=settings.timeout_s)


def _sealer(settings: CacheSettings) -> Sealer:
    if settings.in_memory and not settings.sealing_keys:
        return StampingSealer()
    with needed_for("sealing keys", "redis"):
        from monitor.cache.sealing import AesGcmSealer  # noqa: PLC0415 - the same

    return AesGcmSealer(tuple(settings.sealing_keys.values()) or (secrets.token_bytes(32),))


def build_rollout(settings: CacheSettings, observer: CacheObserver) -> Rollout:
    """Build the switch as it stands at the start."""
    rollout = Rollout(observer, settings.share if settings.enabled else 0.0)
    for domain, share in settings.shares.items():
        rollout.set(share, domain=domain)
    return rollout


def _sampler(
    settings: CacheSettings, adoption: Adoption, observer: CacheObserver, clock: Clock
) -> ConsistencySampler | None:
    if not settings.sampled_share:
        return None
    return ConsistencySampler(
        settings.sampled_share,
        observer,
        clock,
        settle_s=_SETTLED_LEASES * settings.lease_s,
        same=same_content,
        exempt=[policy.domain for policy in adoption.policies if not policy.compared],
    )
