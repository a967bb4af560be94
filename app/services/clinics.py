"""The clinics themselves, for what runs on behalf of every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.tables import CLINICS
from monitor.database import scope
from monitor.database.engine import Database
from monitor.tenancy.identity import TenantId


class Clinic(NamedTuple):
    """One clinic.

    Attributes:
        id: Its id.
        zone: Its time zone.
    """

    id: TenantId
    zone: ZoneInfo


async def all_clinics(database: Database) -> Sequence[Clinic]:
    """Return every clinic, by id.

    Raises:
        DatabaseError: The database could not be asked.
    """
    async with database.reading_all() as reader:
        rows = await reader.all(scope.select_of_all_tenants(CLINICS))
    return sorted(Clinic(TenantId(row[0]), ZoneInfo(row.time_zone)) for row in rows)
