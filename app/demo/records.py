"""The rows of one demo clinic, the same for the same seed and day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from mimesis import Person
from mimesis.locales import Locale

from app.demo import texts
from app.demo.clinics import DemoClinic
from app.schemas.appointments import FREE, AppointmentStatus
from app.schemas.medical_records import RecordKind

RecordRow = dict[str, Any]
_PAST, _AHEAD = timedelta(days=275), timedelta(days=90)
_OPENS_H, _CLOSES_H, _SLOT_MINUTES = 9, 17, 20
_SLOTS = (_CLOSES_H - _OPENS_H) * 60 // _SLOT_MINUTES
_SUNDAY = 6
_VISITS_WITH_RECORD = 0.3
_PAST_STATUSES = (AppointmentStatus.COMPLETED, AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW)
_NEXT_STATUSES = (AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED, AppointmentStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class ClinicRows:
    """Everything one clinic is filled with; rows carry no clinic, the tenant scope adds it."""

    clinic: RecordRow
    settings: RecordRow
    contacts: Sequence[RecordRow]
    appointments: Sequence[RecordRow]
    medical_records: Sequence[RecordRow]

    def __len__(self) -> int:
        return 2 + len(self.contacts) + len(self.appointments) + len(self.medical_records)


class ClinicWriter:
    """Draws the rows of one clinic.

    Args:
        clinic: Which one.
        today: The day around which the year of appointments lies.
        seed: Another seed, other people.
    """

    def __init__(self, clinic: DemoClinic, today: date, seed: int) -> None:
        self._clinic = clinic
        self._today = today
        self._random = Random(f"{seed}:{clinic.id}")  # noqa: S311 - made-up people, no secret
        self._person = Person(Locale(clinic.locale), seed=f"{seed}:{clinic.id}")
        self._zone = ZoneInfo(clinic.time_zone)
        self._opened = self._moment(today - _PAST, 0)

    def rows(self) -> ClinicRows:
        """Return all rows."""
        contacts = [self._contact(number) for number in range(1, self._clinic.contacts + 1)]
        appointments = sorted(self._appointments(), key=lambda row: (row["starts_at"], row["practitioner"]))
        for number, row in enumerate(appointments, start=1):
            row["id"] = number
        records = list(self._records(appointments))
        return ClinicRows(self._own_row(), self._settings(), contacts, appointments, records)

    def _own_row(self) -> RecordRow:
        return {"name": self._clinic.name, "time_zone": self._clinic.time_zone}

    def _settings(self) -> RecordRow:
        return {
            "language": self._clinic.language,
            "email": f"desk@clinic-{self._clinic.id}.example",
            "phone": self._phone(),
            "opens_at": f"{_OPENS_H:02}:00",
            "closes_at": f"{_CLOSES_H:02}:00",
            "appointment_minutes": _SLOT_MINUTES,
            "reminder_hours": 24,
            **self._history(self._opened),
        }

    def _contact(self, number: int) -> RecordRow:
        joined = self._opened - timedelta(days=self._random.randrange(2_000))
        return {
            "id": number,
            "name": self._person.full_name(),
            # The number keeps addresses of namesakes apart.
            "email": f"{self._person.username('l_d')}.{number}@mail.example",
            "phone": self._phone(),
            "date_of_birth": self._person.birthdate(self._today.year - 92, self._today.year - 1),
            "language": self._clinic.language,
            "notes": self._random.choice(texts.CONTACT_NOTES),
            **self._history(joined),
        }

    def _appointments(self) -> Iterator[RecordRow]:
        names = [f"Dr {self._person.full_name()}" for _ in range(self._clinic.practitioners)]
        for offset in range((_PAST + _AHEAD).days):
            day = self._today - _PAST + timedelta(days=offset)
            if day.weekday() != _SUNDAY:
                for room, name in enumerate(names, start=1):
                    yield from self._day_of(name, f"Room {room}", day)

    def _day_of(self, practitioner: str, room: str, day: date) -> Iterator[RecordRow]:
        # Each practitioner has a room and takes one slot once, so no two appointments collide.
        busy = self._random.randint(1, 4) if day <= self._today else self._random.randint(0, 3)
        for slot in self._random.sample(range(_SLOTS), busy):
            starts = self._moment(day, _OPENS_H * 60 + slot * _SLOT_MINUTES)
            booked = starts - timedelta(days=self._random.randint(1, 30))
            yield {
                "contact_id": self._random.randint(1, self._clinic.contacts),
                "practitioner": practitioner,
                "room": room,
                "starts_at": starts,
                "ends_at": starts + timedelta(minutes=_SLOT_MINUTES),
                "status": self._status(day).value,
                "reason": self._random.choice(texts.REASONS),
                "notes": "",
                **self._history(booked),
            }

    def _status(self, day: date) -> AppointmentStatus:
        statuses = _PAST_STATUSES if day < self._today else _NEXT_STATUSES
        return self._random.choices(statuses, weights=(86, 9, 5))[0]

    def _records(self, appointments: Sequence[Mapping[str, Any]]) -> Iterator[RecordRow]:
        number = 0
        for visit in appointments:
            held = visit["starts_at"].date() < self._today and visit["status"] not in {*FREE}
            if held and self._random.random() < _VISITS_WITH_RECORD:
                number += 1
                yield self._record(number, visit)

    def _record(self, number: int, visit: Mapping[str, Any]) -> RecordRow:
        kind = self._random.choice(list(RecordKind))
        title, body = texts.finding(kind, self._random)
        return {
            "id": number,
            "contact_id": visit["contact_id"],
            "practitioner": visit["practitioner"],
            "recorded_at": visit["ends_at"],
            "kind": kind.value,
            "title": title,
            "body": body,
            **self._history(visit["ends_at"]),
        }

    def _phone(self) -> str:
        return self._person.phone_number(mask=self._clinic.phone_mask)

    def _moment(self, day: date, minutes: int) -> datetime:
        local = datetime.combine(day, time(minutes // 60, minutes % 60), self._zone)
        return local.astimezone(UTC)

    def _history(self, written: datetime) -> RecordRow:
        return {"version": 1, "created_at": written, "updated_at": written}
