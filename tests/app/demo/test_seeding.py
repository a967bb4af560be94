"""The demo clinics in a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest
import sqlalchemy as sa

from app.demo.clinics import COUNT, demo_clinics
from app.demo.records import ClinicWriter
from app.demo.seeding import SEED, missing_clinics, seed
from app.migrations import upgrade
from app.tables import APPOINTMENTS, CONTACTS, MEDICAL_RECORDS
from monitor.database import scope
from monitor.database.engine import Database
from monitor.tenancy.context import bind
from tests.app.service import config_of, contact, database_of, running

_TODAY = date(2025, 6, 17)
_SMALL = demo_clinics()[20:22]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Give a migrated, empty database of each kind."""
    await upgrade(database_url)
    database = database_of(database_url)
    yield database
    await database.aclose()


async def _count(database: Database, table: sa.Table) -> int:
    async with database.reading() as reader:
        return int(await reader.scalar(scope.select(table, sa.func.count())))


async def test_every_row_that_was_drawn_is_there(database: Database) -> None:
    """Each clinic holds exactly its rows, and the progress tells of each clinic once."""
    told: list[tuple[int, int]] = []

    total = await seed(database, _SMALL, _TODAY, progress=lambda clinic, rows: told.append((clinic.id, rows)))

    for clinic in _SMALL:
        rows = ClinicWriter(clinic, _TODAY, SEED).rows()
        with bind(clinic.id):
            assert await _count(database, CONTACTS) == len(rows.contacts)
            assert await _count(database, APPOINTMENTS) == len(rows.appointments)
            assert await _count(database, MEDICAL_RECORDS) == len(rows.medical_records)
    assert [clinic for clinic, _ in told] == [clinic.id for clinic in _SMALL]
    assert total == sum(rows for _, rows in told)


async def test_an_interrupted_filling_is_taken_up_again(database: Database) -> None:
    """Only the clinics that are not there count as missing; each is written whole or not at all."""
    assert len(await missing_clinics(database)) == COUNT
    await seed(database, _SMALL, _TODAY)
    missing = await missing_clinics(database)
    assert len(missing) == COUNT - len(_SMALL)
    assert {clinic.id for clinic in _SMALL}.isdisjoint(clinic.id for clinic in missing)


async def test_the_service_goes_on_from_the_demo_data(database_url: str) -> None:
    """The service shows the data as valid documents, and a new contact gets the next id."""
    await upgrade(database_url)
    database = database_of(database_url)
    clinic = _SMALL[0]
    await seed(database, [clinic], _TODAY)
    await database.aclose()
    async with running(config_of(database_url)) as service:
        staff = service.caller(clinic=clinic.id)
        for path in ("contacts", "appointments", "medical-records", "analytics/dashboard", "settings"):
            assert (await staff.get(f"/api/{path}")).status_code == 200
        day = (await staff.get(f"/api/appointments?date={_TODAY}")).json()
        assert day["total"] > 0
        made = await staff.post("/api/contacts", contact())
        assert made.json()["id"] == clinic.contacts + 1
