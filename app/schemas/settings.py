"""Settings: what a clinic decides about itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from app.errors import BrokenRule
from app.schemas.fields import (
    Language,
    Name,
    Phone,
    ShownEmail,
    TimeOfDay,
    TimeZone,
    require_time_zone,
)

SlotMinutes = Annotated[int, Meta(ge=5, le=240, description="Usual length of an appointment.")]
ReminderHours = Annotated[
    int, Meta(ge=0, le=336, description="How long before it a reminder is sent; 0: none.")
]


class SettingsContent(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What an admin writes about the clinic."""

    name: Name
    time_zone: TimeZone
    language: Language
    email: ShownEmail | None = None
    phone: Phone | None = None
    opens_at: TimeOfDay
    closes_at: TimeOfDay
    appointment_minutes: SlotMinutes
    reminder_hours: ReminderHours

    def __post_init__(self) -> None:
        require_time_zone("time_zone", self.time_zone)
        if self.opens_at >= self.closes_at:
            raise BrokenRule("closes_at", "must be later than opensAt")


class SettingsChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to change about the clinic; what is absent stays (RFC 7396)."""

    name: Name | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    email: ShownEmail | UnsetType | None = UNSET
    phone: Phone | UnsetType | None = UNSET
    opens_at: TimeOfDay | UnsetType = UNSET
    closes_at: TimeOfDay | UnsetType = UNSET
    appointment_minutes: SlotMinutes | UnsetType = UNSET
    reminder_hours: ReminderHours | UnsetType = UNSET


class Settings(Struct, frozen=True, kw_only=True, rename="camel"):
    """The clinic's settings as the service shows them."""

    clinic_id: int
    name: str
    time_zone: str
    language: str
    email: str | None
    phone: str | None
    opens_at: str
    closes_at: str
    appointment_minutes: int
    reminder_hours: int
    version: int
    updated_at: datetime
