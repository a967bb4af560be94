"""The clinics' time zones, as far as this process has come across them."""

from __future__ import annotations

import datetime as dt

from monitor.tenancy.identity import TenantId


class ClinicZones:
    """Remembers each clinic's zone, for entries that end at its midnight.

    Whoever loads such an entry has read the zone in the same snapshot and tells it here, so it
    is known by the time the entry's end is drawn; before that it is UTC.
    """

    def __init__(self) -> None:
        self._zones: dict[int, dt.tzinfo] = {}

    def __call__(self, tenant: int) -> dt.tzinfo:
        """Return the clinic's zone."""
        return self._zones.get(tenant, dt.UTC)

    def learn(self, tenant: TenantId, zone: dt.tzinfo) -> None:
        """Take a zone that was just read."""
        self._zones[int(tenant)] = zone
