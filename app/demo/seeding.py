"""Fills a database with the demo clinics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from app import policies
from app.demo.clinics import DemoClinic, demo_clinics
from app.demo.records import ClinicRows, ClinicWriter
from app.tables import (
    APPOINTMENTS,
    CLINIC_SETTINGS,
    CLINICS,
    CONTACTS,
    ID_SEQUENCES,
    MEDICAL_RECORDS,
)
from monitor.database import scope
from monitor.database.engine import Database
from monitor.database.unit_of_work import UnitOfWork
from monitor.tenancy.context import bind

SEED = 2025
_DOMAINS = (
    policies.CONTACTS,
    policies.APPOINTMENTS,
    policies.MEDICAL_RECORDS,
    policies.ANALYTICS,
    policies.SETTINGS,
)


async def missing_clinics(database: Database) -> tuple[DemoClinic, ...]:
    """Return the demo clinics that the database does not hold."""
    async with database.reading_all() as reader:
        ids = scope.select_tenants(CLINICS)
        there = {row[0] for row in await reader.all(ids)}
    return tuple(clinic for clinic in demo_clinics() if clinic.id not in there)


async def seed(
    database: Database,
    clinics: Iterable[DemoClinic],
    today: date,
    *,
    seed: int = SEED,
    progress: Callable[[DemoClinic, int], None] = lambda _clinic, _rows: None,
) -> int:
    """Fill in `clinics`, each in one transaction, and return the number of rows.

    Args:
        database: The migrated database.
        clinics: Such as `missing_clinics` returns.
        today: The day around which the year of appointments lies.
        seed: Another seed, other people.
        progress: Called after each clinic with the rows written for it.
    """
    total = 0
    for clinic in clinics:
        rows = ClinicWriter(clinic, today, seed).rows()
        with bind(clinic.id):
            async with database.writing() as unit:
                await _write(unit, rows)
        total += len(rows)
        progress(clinic, len(rows))
    return total


async def _write(unit: UnitOfWork, rows: ClinicRows) -> None:
    await _insert(unit, CLINICS, [rows.clinic])
    await _insert(unit, CLINIC_SETTINGS, [rows.settings])
    await _insert(unit, CONTACTS, rows.contacts)
    await _insert(unit, APPOINTMENTS, rows.appointments)
    await _insert(unit, MEDICAL_RECORDS, rows.medical_records)
    await _insert(unit, ID_SEQUENCES, _sequences(rows))
    for domain in _DOMAINS:
        unit.changed(domain)


async def _insert(unit: UnitOfWork, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    await unit.execute_many(scope.insert(table), rows)


def _sequences(rows: ClinicRows) -> list[dict[str, Any]]:
    counts = {
        policies.CONTACTS: len(rows.contacts),
        policies.APPOINTMENTS: len(rows.appointments),
        policies.MEDICAL_RECORDS: len(rows.medical_records),
    }
    return [{"sequence": sequence, "value": count} for sequence, count in counts.items()]
