"""Analytics: a clinic's figures, refreshed every quarter of an hour and at each new day."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from app.schemas.appointments import AppointmentStatus


class DayCount(Struct, frozen=True, rename="camel"):
    """How many appointments a day holds."""

    date: date
    appointments: int


class PractitionerCount(Struct, frozen=True, rename="camel"):
    """How many appointments a practitioner has."""

    practitioner: str
    appointments: int


class Dashboard(Struct, frozen=True, kw_only=True, rename="camel"):
    """A clinic's figures on one day.

    Attributes:
        as_of: The day in the clinic's time zone.
        time_zone: That time zone.
        contacts: Contacts in all.
        new_contacts: Contacts added in the last 30 days.
        medical_records: Medical records in all.
        new_medical_records: Records written in the last 30 days.
        today: Today's appointments by status.
        last_30_days: The appointments of the last 30 days, today included, by status.
        next_7_days: Appointments of each of the next seven days, cancelled ones left out.
        no_show_share: Share of missed ones among the appointments of the last 30 days that were
            completed or missed.
        busiest: The five practitioners with most appointments in the last 30 days.
    """

    as_of: date
    time_zone: str
    contacts: int
    new_contacts: int
    medical_records: int
    new_medical_records: int
    today: dict[AppointmentStatus, int]
    last_30_days: dict[AppointmentStatus, int]
    next_7_days: list[DayCount]
    no_show_share: float
    busiest: list[PractitionerCount]
