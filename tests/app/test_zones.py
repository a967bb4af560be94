"""A clinic's zone is known once it was read."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from app.zones import ClinicZones
from monitor.tenancy.identity import TenantId


def test_a_zone_that_was_read_is_remembered() -> None:
    """The latest reading counts, for its own clinic alone; unread ones are UTC."""
    zones = ClinicZones()
    zones.learn(TenantId(1), ZoneInfo("Europe/Lisbon"))
    zones.learn(TenantId(1), ZoneInfo("Asia/Tokyo"))

    assert zones(1) == ZoneInfo("Asia/Tokyo")
    assert zones(2) == dt.UTC
