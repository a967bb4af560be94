"""Medical records: list by contact and kind, read, write, correct; there is no way to delete one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.sql.elements import ColumnElement

from app import policies
from app.errors import BrokenRule, NotThere, Outdated
from app.schemas.medical_records import (
    MedicalRecord,
    MedicalRecordChange,
    MedicalRecordContent,
    MedicalRecordQuery,
    RecordKind,
)
from app.schemas.merge_patch import merged
from app.services.idempotency import Attempt, Creations
from app.services.listing import Found, find
from app.services.moments import now_of
from app.services.stored_words import word_of
from app.services.versions import Expectation, Version
from app.tables import CONTACTS, MEDICAL_RECORDS
from monitor.clock import Clock
from monitor.database import scope
from monitor.database.engine import Database
from monitor.database.unit_of_work import Reader, UnitOfWork

_COLUMNS = [MEDICAL_RECORDS.c[name] for name in MedicalRecord.__struct_fields__]


class MedicalRecordService:
    """The bound clinic's medical records."""

    def __init__(self, database: Database, clock: Clock, creations: Creations) -> None:
        self._database = database
        self._clock = clock
        self._creations = creations

    async def list(self, query: MedicalRecordQuery) -> Found[MedicalRecord]:
        newest_first = (MEDICAL_RECORDS.c.recorded_at.desc(), MEDICAL_RECORDS.c.id.desc())
        statement = scope.select(MEDICAL_RECORDS, *_COLUMNS).order_by(*newest_first)
        async with self._database.reading() as reader:
            return await find(reader, MEDICAL_RECORDS, statement, _conditions(query), query, _record)

    async def get(self, record_id: int) -> MedicalRecord:
        """Return a record.

        Raises:
            NotThere: The clinic has none of this id.
        """
        async with self._database.reading() as reader:
            return await _read(reader, record_id)

    async def create(self, content: MedicalRecordContent, attempt: Attempt | None = None) -> MedicalRecord:
        """Store a new record.

        Args:
            content: What is written.
            attempt: Under which key a client may repeat it.

        Raises:
            KeyInUse: A request with the key is under way.
            KeyReused: The key stands for something else.
            BrokenRule: The contact is not one of the clinic's.
        """
        async with self._creations.once(attempt, MedicalRecord) as creation:
            if creation.made is not None:
                return creation.made
            unit = creation.unit
            await _require_contact(unit, content.contact_id)
            now, record_id = now_of(self._clock), await unit.next_id(policies.MEDICAL_RECORDS)
            values = {**asdict(content), "version": 1, "created_at": now, "updated_at": now}
            await unit.execute(scope.insert(MEDICAL_RECORDS, id=record_id, **values))
            unit.changed(policies.MEDICAL_RECORDS, record_id)
            return await creation.keep(MedicalRecord(id=record_id, **values))

    async def replace(
        self, record_id: int, content: MedicalRecordContent, expected: Expectation
    ) -> MedicalRecord:
        """Write all of a record anew; raises as `change`, and `BrokenRule` for another contact."""
        async with self._database.writing() as unit:
            current = await _locked(unit, record_id)
            version_of(current).require(expected)
            if content.contact_id != current.contact_id:
                raise BrokenRule("contact_id", "cannot change: a record stays with its contact")
            return await self._update(unit, current, content)

    async def change(
        self, record_id: int, change: MedicalRecordChange, expected: Expectation
    ) -> MedicalRecord:
        """Write the fields that `change` sets.

        Raises:
            NotThere: The clinic has no record of this id.
            Outdated: The record changed since the caller read it.
        """
        async with self._database.writing() as unit:
            current = await _locked(unit, record_id)
            version_of(current).require(expected)
            return await self._update(unit, current, merged(MedicalRecordContent, current, change))

    async def _update(
        self, unit: UnitOfWork, current: MedicalRecord, content: MedicalRecordContent
    ) -> MedicalRecord:
        values = {**asdict(content), "version": current.version + 1, "updated_at": now_of(self._clock)}
        same_version = (MEDICAL_RECORDS.c.id == current.id) & (MEDICAL_RECORDS.c.version == current.version)
        done = await unit.execute(scope.update(MEDICAL_RECORDS).where(same_version).values(values))
        if done.rowcount != 1:
            raise Outdated(policies.MEDICAL_RECORDS)
        unit.changed(policies.MEDICAL_RECORDS, current.id)
        return MedicalRecord(id=current.id, created_at=current.created_at, **values)


def version_of(record: MedicalRecord) -> Version:
    """Return a record's version."""
    return Version(policies.MEDICAL_RECORDS, record.id, record.version)


def _conditions(query: MedicalRecordQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.contact_id is not None:
        conditions.append(MEDICAL_RECORDS.c.contact_id == query.contact_id)
    if query.kind is not None:
        conditions.append(MEDICAL_RECORDS.c.kind == query.kind.value)
    return conditions


def _of_id(record_id: int) -> sa.Select[Any]:
    return scope.select(MEDICAL_RECORDS, *_COLUMNS).where(MEDICAL_RECORDS.c.id == record_id)


async def _locked(unit: UnitOfWork, record_id: int) -> MedicalRecord:
    # Until this write ends nobody else changes it: what was judged is what is changed.
    return await _found(unit, _of_id(record_id).with_for_update(key_share=True))


async def _read(reader: Reader, record_id: int) -> MedicalRecord:
    return await _found(reader, _of_id(record_id))


async def _found(reader: Reader, statement: sa.Select[Any]) -> MedicalRecord:
    row = await reader.one(statement)
    if row is None:
        raise NotThere("The clinic has no medical record of this id.")
    return _record(row)


async def _require_contact(unit: UnitOfWork, contact_id: int) -> None:
    # Held until this write ends: a contact deleted meanwhile would be a broken key, and told in a log.
    held = scope.select(CONTACTS, CONTACTS.c.id).with_for_update(read=True, key_share=True)
    if await unit.one(held.where(CONTACTS.c.id == contact_id)) is None:
        raise BrokenRule("contact_id", "must be a contact of this clinic")


def _record(row: sa.Row[Any]) -> MedicalRecord:
    values = dict(row._mapping)  # noqa: SLF001 - the row's public mapping view
    return MedicalRecord(**{**values, "kind": word_of(RecordKind, values["kind"])})
