"""Hits that ask nobody: the near cache in the modes leased and bounded."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.cache.keys import CacheKey
from monitor.cache.near_cache import NearCache, NearEntry
from monitor.cache.policy import CachePolicy, NearMode
from monitor.clock import Clock

_ASKLESS = (NearMode.LEASED, NearMode.BOUNDED)


class NearHits:
    """Finds what the near cache may serve while a lease on its generations runs.

    In the second half of a lease one caller at a time goes to the store and renews it for
    all; else all callers would find it ended together, and all would go.

    Args:
        near: The near cache, if there is one.
        policies: How each domain is cached.
        clock: Time.
    """

    def __init__(self, near: NearCache | None, policies: Mapping[str, CachePolicy], clock: Clock) -> None:
        self._near = near
        self._domains = frozenset(domain for domain, policy in policies.items() if policy.near in _ASKLESS)
        self._time = clock.time

    def find(self, key: CacheKey, epoch: int, now: float, *, renew: bool) -> NearEntry | None:
        """Return the entry that serves `key`; None: ask the store.

        Args:
            key: What is asked for.
            epoch: The epoch the worker may use.
            now: The monotonic time.
            renew: Whether a caller who gets None asks the store at once, so that the others
                need not.
        """
        near = self._near
        if near is None or key.domain not in self._domains:
            return None
        held = near.leased(key, epoch, now)
        if held is None or held.entry.expires_at <= self._time():
            return None
        sighting, half = held.sighting, near.lease_s / 2
        if now - sighting.sent_at > half and now - sighting.asked_at > half:
            if renew:
                sighting.asked_at = now
            return None
        return held
