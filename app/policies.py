"""How each domain is cached: the one table of TTLs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from monitor.cache.policy import CachePolicy, NearMode

CONTACTS = "contacts"
APPOINTMENTS = "appointments"
MEDICAL_RECORDS = "medical_records"
ANALYTICS = "analytics"
SETTINGS = "settings"

_MINUTE = 60.0

POLICIES: Mapping[str, CachePolicy] = MappingProxyType(
    {
        # Answers tell browsers `private, no-cache`; how long the service keeps them is said here alone.
        policy.domain: replace(policy, overrides_cache_control=True)
        for policy in (
            # Read far more than written: a hit asks nobody, and a write waits 30 ms longer for its answer.
            CachePolicy(CONTACTS, ttl_s=5 * _MINUTE, stale_if_error_s=5 * _MINUTE, near=NearMode.LEASED),
            CachePolicy(APPOINTMENTS, ttl_s=2 * _MINUTE, stale_if_error_s=2 * _MINUTE),
            # Clinical data stays out of the process's memory, and an outdated finding is worse than an error.
            CachePolicy(MEDICAL_RECORDS, ttl_s=10 * _MINUTE, stale_if_error_s=0.0, near=NearMode.OFF),
            # No write makes the figures stale: until their time is over they may differ from the truth.
            CachePolicy(
                ANALYTICS,
                ttl_s=15 * _MINUTE,
                stale_if_error_s=15 * _MINUTE,
                refresh_daily=True,
                compared=False,
            ),
            CachePolicy(SETTINGS, ttl_s=30 * _MINUTE, stale_if_error_s=30 * _MINUTE, near=NearMode.LEASED),
        )
    }
)
