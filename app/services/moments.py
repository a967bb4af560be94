"""Days of a clinic as spans of time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.tables import CLINICS
from monitor.clock import Clock
from monitor.database import scope
from monitor.database.unit_of_work import Reader

_DEFAULT_ZONE = "UTC"


def now_of(clock: Clock) -> datetime:
    """Return the clock's time as an aware moment in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(clock.time(), UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which `day` begins in `zone`, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which `day` is over in `zone`, in UTC; days differ in length."""
    return start_of(day + timedelta(days=1), zone)


def days_of(moment: datetime, zone: ZoneInfo) -> tuple[date, ...]:
    """Return the days whose lists show `moment`: those between whose start and end it lies."""
    local = moment.astimezone(zone).date()
    nearby = (local + timedelta(days=shift) for shift in (-1, 0, 1))
    return tuple(day for day in nearby if start_of(day, zone) <= moment < end_of(day, zone))


async def zone_of(reader: Reader) -> ZoneInfo:
    """Return the bound clinic's time zone."""
    return zone_named(await reader.scalar(scope.select(CLINICS, CLINICS.c.time_zone)))


def zone_named(name: str | None) -> ZoneInfo:
    """Return a clinic's time zone as its row names it; UTC where it names none."""
    return ZoneInfo(name or _DEFAULT_ZONE)
