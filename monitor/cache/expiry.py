"""When entries end: TTL with jitter, absences sooner, the tenant's midnight, and early refresh."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable

from monitor.cache.entry import Entry
from monitor.cache.policy import CachePolicy

# -ln(u) exceeds this once in 2 * 10**9 draws: further from expiry no draw is made.
_FARTHEST = 21.0

Zone = Callable[[int], dt.tzinfo]


def utc(tenant: int) -> dt.tzinfo:  # noqa: ARG001 - the zone of tenants that have none
    """Return UTC, whoever the tenant is."""
    return dt.UTC


class Expiry:
    """Draws the end of entries and the moment of their early refresh.

    Args:
        zone: The time zone of a tenant; asked only where the policy refreshes daily.
        draw: Uniform random numbers in [0, 1).
    """

    def __init__(self, zone: Zone = utc, draw: Callable[[], float] = random.random) -> None:
        self._zone = zone
        self._draw = draw

    def ttl_s(self, policy: CachePolicy, tenant: int, now: float, *, negative: bool = False) -> float:
        """Return how long an entry loaded at `now` (seconds since the epoch) is served."""
        whole = policy.negative_ttl_s if negative else policy.ttl_s
        drawn = whole * (1 - policy.jitter * self._draw())
        if policy.refresh_daily:
            return min(drawn, self._until_midnight(tenant, now))
        return drawn

    def refresh_is_early(self, policy: CachePolicy, entry: Entry, now: float) -> bool:
        """Draw whether this hit should load again before the entry expires.

        XFetch (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede
        Prevention, VLDB 2015): the nearer the end and the dearer the load, the likelier.
        """
        left, reach = entry.expires_at - now, policy.early_refresh * entry.load_s
        if left > reach * _FARTHEST or entry.negative:
            return False
        return left <= -reach * math.log(1.0 - self._draw())

    def _until_midnight(self, tenant: int, now: float) -> float:
        zone = self._zone(tenant)
        tomorrow = dt.datetime.fromtimestamp(now, zone).date() + dt.timedelta(days=1)
        midnight = dt.datetime.combine(tomorrow, dt.time(), zone)
        return midnight.timestamp() - now
