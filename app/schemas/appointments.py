"""Appointments: when a contact meets a practitioner."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from app.errors import BrokenRule
from app.schemas.fields import Id, Line, Moment, Name, Prose, require_plausible
from app.schemas.pages import PageQuery

LONGEST = timedelta(hours=12)


class AppointmentStatus(StrEnum):
    """Where an appointment stands."""

    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


# An appointment that does not take place holds neither its practitioner nor its room.
FREE = (AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW)


class AppointmentQuery(PageQuery, frozen=True, kw_only=True):
    """Which appointments to list; days are days in the clinic's time zone."""

    day: Annotated[date | None, Meta(description="Only this day, such as 2025-06-17.")] = field(
        name="date", default=None
    )
    since: Annotated[date | None, Meta(description="From this day on.")] = field(name="from", default=None)
    until: Annotated[date | None, Meta(description="Up to this day, with it.")] = field(
        name="to", default=None
    )
    status: Annotated[AppointmentStatus | None, Meta(description="Only with this status.")] = None
    contact_id: Annotated[Id | None, Meta(description="Only this contact's.")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_plausible("day", self.day)
        require_plausible("since", self.since)
        require_plausible("until", self.until)
        if self.day is not None and (self.since or self.until):
            raise BrokenRule("day", "stands alone: leave out `from` and `to`, or use them instead")


class AppointmentContent(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a user writes about an appointment."""

    contact_id: Id
    practitioner: Name
    room: Name | None = None
    starts_at: Moment
    ends_at: Moment
    status: AppointmentStatus = AppointmentStatus.SCHEDULED
    reason: Line = ""
    notes: Prose = ""

    def __post_init__(self) -> None:
        require_plausible("starts_at", self.starts_at)
        require_plausible("ends_at", self.ends_at)
        if not timedelta(0) < self.ends_at - self.starts_at <= LONGEST:
            raise BrokenRule("ends_at", "must be after startsAt, by at most 12 hours")


class AppointmentChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to change about an appointment; what is absent stays (RFC 7396)."""

    contact_id: Id | UnsetType = UNSET
    practitioner: Name | UnsetType = UNSET
    room: Name | UnsetType | None = UNSET
    starts_at: Moment | UnsetType = UNSET
    ends_at: Moment | UnsetType = UNSET
    status: AppointmentStatus | UnsetType = UNSET
    reason: Line | UnsetType = UNSET
    notes: Prose | UnsetType = UNSET


class Appointment(Struct, frozen=True, kw_only=True, rename="camel"):
    """An appointment as the service shows it."""

    id: Id
    contact_id: Id
    contact_name: str
    practitioner: str
    room: str | None
    starts_at: datetime
    ends_at: datetime
    status: AppointmentStatus
    reason: str
    notes: str
    version: int
    created_at: datetime
    updated_at: datetime
