"""What a clinic asks for first in the morning, and so what is worth warming."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from app.services.clinics import Clinic, all_clinics
from monitor.clock import Clock
from monitor.database.engine import Database
from monitor.operations.cache_warming_endpoint import WarmPath
from monitor.tenancy.identity import TenantId

PATHS = (
    "/api/settings",
    "/api/analytics/dashboard",
    "/api/appointments",
    "/api/contacts",
    "/api/medical-records",
)


class FirstPages:
    """Lists the first page of every list, the dashboard, the settings and the day's appointments.

    Args:
        clock: Says which day it is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, database: Database, clinic: TenantId | None) -> Sequence[WarmPath]:
        """Return the paths of one clinic, or of all; none for a clinic that does not exist.

        Raises:
            DatabaseError: The clinics could not be read.
        """
        asked = [one for one in await all_clinics(database) if clinic in (None, one.id)]
        return [WarmPath(one.id, path) for one in asked for path in (*PATHS, self._today(one))]

    def _today(self, clinic: Clinic) -> str:
        now = datetime.fromtimestamp(self._clock.time(), UTC)
        return f"/api/appointments?date={now.astimezone(clinic.zone).date()}"
