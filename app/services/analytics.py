"""Analytics: a clinic's figures, computed in the database within one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.schemas.analytics import Dashboard, DayCount, PractitionerCount
from app.schemas.appointments import FREE, AppointmentStatus
from app.services.moments import end_of, now_of, start_of, zone_of
from app.tables import APPOINTMENTS, CONTACTS, MEDICAL_RECORDS
from app.zones import ClinicZones
from monitor.clock import Clock
from monitor.database import scope
from monitor.database.engine import Database
from monitor.database.unit_of_work import Reader
from monitor.tenancy.context import current_tenant

_PAST_DAYS, _NEXT_DAYS, _BUSIEST = 30, 7, 5
_NOT_HELD = [status.value for status in FREE]


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The days that the figures are about, as seen from the clinic on one day."""

    today: date
    zone: ZoneInfo

    @property
    def day(self) -> tuple[datetime, datetime]:
        return start_of(self.today, self.zone), end_of(self.today, self.zone)

    @property
    def past(self) -> tuple[datetime, datetime]:
        return start_of(self.today - timedelta(days=_PAST_DAYS - 1), self.zone), self.day[1]

    @property
    def next_days(self) -> list[date]:
        return [self.today + timedelta(days=ahead) for ahead in range(1, _NEXT_DAYS + 1)]


class AnalyticsService:
    """The bound clinic's figures."""

    def __init__(self, database: Database, clock: Clock, zones: ClinicZones) -> None:
        self._database = database
        self._clock = clock
        self._zones = zones

    async def dashboard(self) -> Dashboard:
        async with self._database.reading() as reader:
            zone = await zone_of(reader)
            self._zones.learn(current_tenant(), zone)
            calendar = _Calendar(now_of(self._clock).astimezone(zone).date(), zone)
            last_30_days = await _by_status(reader, calendar.past)
            contacts, new_contacts = await _totals(reader, CONTACTS, "created_at", calendar)
            records, new_records = await _totals(reader, MEDICAL_RECORDS, "recorded_at", calendar)
            return Dashboard(
                as_of=calendar.today,
                time_zone=zone.key,
                contacts=contacts,
                new_contacts=new_contacts,
                medical_records=records,
                new_medical_records=new_records,
                today=await _by_status(reader, calendar.day),
                last_30_days=last_30_days,
                next_7_days=await _by_day(reader, calendar),
                no_show_share=_no_show_share(last_30_days),
                busiest=await _busiest(reader, calendar.past),
            )


async def _totals(reader: Reader, table: sa.Table, moment: str, calendar: _Calendar) -> tuple[int, int]:
    since, until = calendar.past
    recent = table.c[moment].between(since, until)
    totals = scope.select(table, sa.func.count(), sa.func.count().filter(recent))
    row: Any = await reader.one(totals)
    total, new = row or (0, 0)
    return int(total), int(new)


async def _by_status(reader: Reader, span: tuple[datetime, datetime]) -> dict[AppointmentStatus, int]:
    statement = (
        scope.select(APPOINTMENTS, APPOINTMENTS.c.status, sa.func.count())
        .where(_within(span))
        .group_by(APPOINTMENTS.c.status)
    )
    rows: Sequence[Any] = await reader.all(statement)
    counted = {status: int(count) for status, count in rows}
    return {status: counted.get(status.value, 0) for status in AppointmentStatus}


async def _by_day(reader: Reader, calendar: _Calendar) -> list[DayCount]:
    days = calendar.next_days
    spans = [(start_of(day, calendar.zone), end_of(day, calendar.zone)) for day in days]
    counts = [sa.func.count().filter(_within(span)) for span in spans]
    statement = scope.select(APPOINTMENTS, *counts).where(
        _within((spans[0][0], spans[-1][1])), APPOINTMENTS.c.status.not_in(_NOT_HELD)
    )
    row: Iterable[Any] = await reader.one(statement) or [0] * len(days)
    return [DayCount(day, int(count)) for day, count in zip(days, row, strict=True)]


async def _busiest(reader: Reader, span: tuple[datetime, datetime]) -> list[PractitionerCount]:
    practitioner, count = APPOINTMENTS.c.practitioner, sa.func.count()
    statement = (
        scope.select(APPOINTMENTS, practitioner, count)
        .where(_within(span), APPOINTMENTS.c.status.not_in(_NOT_HELD))
        .group_by(practitioner)
        .order_by(count.desc(), practitioner)
        .limit(_BUSIEST)
    )
    rows: Sequence[Any] = await reader.all(statement)
    return [PractitionerCount(name, int(number)) for name, number in rows]


def _within(span: tuple[datetime, datetime]) -> sa.ColumnElement[bool]:
    since, until = span
    return (APPOINTMENTS.c.starts_at >= since) & (APPOINTMENTS.c.starts_at < until)


def _no_show_share(counts: dict[AppointmentStatus, int]) -> float:
    missed = counts[AppointmentStatus.NO_SHOW]
    due = missed + counts[AppointmentStatus.COMPLETED]
    return round(missed / due, 4) if due else 0.0
