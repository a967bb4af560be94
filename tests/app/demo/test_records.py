"""The rows that are drawn for a demo clinic."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from app.demo.clinics import DemoClinic, demo_clinics
from app.demo.records import ClinicRows, ClinicWriter
from app.schemas.appointments import AppointmentContent
from app.schemas.contacts import ContactContent
from app.schemas.medical_records import MedicalRecordContent

_TODAY = date(2025, 6, 17)
# One of each place, so that each country's names and telephone numbers are tried.
_CLINICS = demo_clinics()[16:24]


@pytest.fixture(params=_CLINICS, ids=lambda clinic: clinic.time_zone)
def clinic(request: pytest.FixtureRequest) -> DemoClinic:
    """Give a clinic of each country."""
    found: DemoClinic = request.param
    return found


@pytest.fixture
def rows(clinic: DemoClinic) -> ClinicRows:
    """Give the clinic's rows."""
    return ClinicWriter(clinic, _TODAY, 1).rows()


def test_there_are_enough_clinics_of_different_size() -> None:
    """At least twenty, with different names, and the first ones are the largest."""
    clinics = demo_clinics()
    assert len({clinic.name for clinic in clinics}) == len(clinics) >= 20
    sizes = [clinic.contacts for clinic in clinics]
    assert sizes == sorted(sizes, reverse=True)


def test_the_same_seed_and_day_give_the_same_rows(clinic: DemoClinic, rows: ClinicRows) -> None:
    """A demo can be shown again; another seed gives other people."""
    assert ClinicWriter(clinic, _TODAY, 1).rows() == rows
    assert ClinicWriter(clinic, _TODAY, 2).rows() != rows


def test_appointments_lie_over_a_year_around_today(rows: ClinicRows) -> None:
    """From nine months back to three months ahead, with no day off but Sundays and chance."""
    days = {row["starts_at"].date() for row in rows.appointments}
    assert 350 <= (max(days) - min(days)).days <= 366
    assert min(days) < _TODAY < max(days)


def test_nobody_is_in_two_places_at_once(rows: ClinicRows) -> None:
    """No practitioner and no room has two appointments at the same time."""
    taken: defaultdict[tuple[str, datetime], int] = defaultdict(int)
    for row in rows.appointments:
        taken[row["practitioner"], row["starts_at"]] += 1
        taken[row["room"], row["starts_at"]] += 1
    assert set(taken.values()) == {1}


def test_every_row_is_one_that_a_user_could_have_written(rows: ClinicRows) -> None:
    """Names, numbers, addresses and times pass the validation of the service itself."""
    for content, found in (
        (ContactContent, rows.contacts),
        (AppointmentContent, rows.appointments),
        (MedicalRecordContent, rows.medical_records),
    ):
        for row in found:
            msgspec.convert(_as_json(content, row), content)


def test_records_follow_visits_that_took_place(rows: ClinicRows) -> None:
    """A record is of a contact of the clinic and never lies ahead."""
    contacts = {row["id"] for row in rows.contacts}
    assert rows.medical_records
    for row in rows.medical_records:
        assert row["contact_id"] in contacts
        assert row["recorded_at"].date() <= _TODAY


def _as_json(content: type[msgspec.Struct], row: dict[str, Any]) -> Any:
    fields = {field.name: field.encode_name for field in msgspec.structs.fields(content)}
    document = {encoded: row[name] for name, encoded in fields.items() if name in row}
    return msgspec.json.decode(msgspec.json.encode(document))
