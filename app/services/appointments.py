"""Appointments: list by day, status, contact and span, read, book, change, cancel."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.sql.elements import ColumnElement

from app import policies
from app.errors import BrokenRule, Collision, NotThere, Outdated
from app.keys import CacheKeys
from app.schemas.appointments import (
    FREE,
    LONGEST,
    Appointment,
    AppointmentChange,
    AppointmentContent,
    AppointmentQuery,
    AppointmentStatus,
)
from app.schemas.merge_patch import merged
from app.services.idempotency import Attempt, Creations
from app.services.listing import Found, find
from app.services.moments import days_of, end_of, now_of, start_of, zone_named, zone_of
from app.services.stored_words import word_of
from app.services.versions import ANY_VERSION, Expectation, Version
from app.tables import APPOINTMENTS, CLINICS, CONTACTS
from monitor.clock import Clock
from monitor.database import scope
from monitor.database.engine import Database
from monitor.database.unit_of_work import Reader, UnitOfWork

_COLUMNS = [APPOINTMENTS.c[name] for name in Appointment.__struct_fields__ if name != "contact_name"]


class AppointmentService:
    """The bound clinic's appointments."""

    def __init__(self, database: Database, clock: Clock, creations: Creations) -> None:
        self._database = database
        self._clock = clock
        self._creations = creations

    async def list(self, query: AppointmentQuery) -> Found[Appointment]:
        statement = _shown().order_by(APPOINTMENTS.c.starts_at, APPOINTMENTS.c.id)
        async with self._database.reading() as reader:
            conditions = _conditions(query, await zone_of(reader))
            return await find(reader, APPOINTMENTS, statement, conditions, query, _appointment)

    async def get(self, appointment_id: int) -> Appointment:
        """Return an appointment.

        Raises:
            NotThere: The clinic has none of this id.
        """
        async with self._database.reading() as reader:
            return await _read(reader, appointment_id)

    async def create(self, content: AppointmentContent, attempt: Attempt | None = None) -> Appointment:
        """Book an appointment.

        Args:
            content: What is written.
            attempt: Under which key a client may repeat it.

        Raises:
            KeyInUse: A request with the key is under way.
            KeyReused: The key stands for something else.
            BrokenRule: The contact is not one of the clinic's.
            Collision: The practitioner or the room is taken.
        """
        async with self._creations.once(attempt, Appointment) as creation:
            if creation.made is not None:
                return creation.made
            unit = creation.unit
            zone = await _serialise(unit)
            contact_name = await _contact_name(unit, content.contact_id)
            await _require_free(unit, content, besides=0)
            now, appointment_id = now_of(self._clock), await unit.next_id(policies.APPOINTMENTS)
            values = {**asdict(content), "version": 1, "created_at": now, "updated_at": now}
            await unit.execute(scope.insert(APPOINTMENTS, id=appointment_id, **values))
            _shows(unit, zone, appointment_id, values["starts_at"])
            return await creation.keep(Appointment(id=appointment_id, contact_name=contact_name, **values))

    async def replace(
        self, appointment_id: int, content: AppointmentContent, expected: Expectation
    ) -> Appointment:
        """Write all of an appointment anew; raises as `change`."""
        async with self._database.writing() as unit:
            zone = await _serialise(unit)
            current = await _read(unit, appointment_id)
            version_of(current).require(expected)
            return await self._update(unit, zone, current, content)

    async def change(
        self, appointment_id: int, change: AppointmentChange, expected: Expectation
    ) -> Appointment:
        """Write the fields that `change` sets.

        Raises:
            NotThere: The clinic has no appointment of this id.
            Outdated: The appointment changed since the caller read it.
            BrokenRule: The contact is not one of the clinic's, or the end is not after the start.
            Collision: The practitioner or the room is taken.
        """
        async with self._database.writing() as unit:
            zone = await _serialise(unit)
            current = await _read(unit, appointment_id)
            version_of(current).require(expected)
            return await self._update(unit, zone, current, merged(AppointmentContent, current, change))

    async def delete(self, appointment_id: int, expected: Expectation = ANY_VERSION) -> None:
        """Remove an appointment.

        Raises:
            NotThere: The clinic has none of this id.
            Outdated: It changed since the caller read it.
        """
        async with self._database.writing() as unit:
            zone = await _serialise(unit)
            current = await _read(unit, appointment_id)
            version_of(current).require(expected)
            await unit.execute(scope.delete(APPOINTMENTS).where(APPOINTMENTS.c.id == appointment_id))
            _shows(unit, zone, appointment_id, current.starts_at)

    async def _update(
        self, unit: UnitOfWork, zone: ZoneInfo, current: Appointment, content: AppointmentContent
    ) -> Appointment:
        contact_name = await _contact_name(unit, content.contact_id)
        await _require_free(unit, content, besides=current.id)
        values = {**asdict(content), "version": current.version + 1, "updated_at": now_of(self._clock)}
        same_version = (APPOINTMENTS.c.id == current.id) & (APPOINTMENTS.c.version == current.version)
        done = await unit.execute(scope.update(APPOINTMENTS).where(same_version).values(values))
        if done.rowcount != 1:
            raise Outdated(policies.APPOINTMENTS)
        _shows(unit, zone, current.id, current.starts_at, values["starts_at"])
        return Appointment(id=current.id, contact_name=contact_name, created_at=current.created_at, **values)


def version_of(appointment: Appointment) -> Version:
    """Return the version of what is shown: the appointment's own, under its contact's name."""
    return Version(policies.APPOINTMENTS, appointment.id, appointment.version, (appointment.contact_name,))


def _shown() -> sa.Select[Any]:
    both = scope.join(APPOINTMENTS, CONTACTS, APPOINTMENTS.c.contact_id == CONTACTS.c.id)
    return scope.select(both, *_COLUMNS, CONTACTS.c.name.label("contact_name"))


def _conditions(query: AppointmentQuery, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    since, until = query.day or query.since, query.day or query.until
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(APPOINTMENTS.c.starts_at >= start_of(since, zone))
    if until is not None:
        conditions.append(APPOINTMENTS.c.starts_at < end_of(until, zone))
    if query.status is not None:
        conditions.append(APPOINTMENTS.c.status == query.status.value)
    if query.contact_id is not None:
        conditions.append(APPOINTMENTS.c.contact_id == query.contact_id)
    return conditions


async def _serialise(unit: UnitOfWork) -> ZoneInfo:
    """Let this write alone change the clinic's appointments until it ends; return the clinic's time zone.

    Two bookings that overlap would each miss the other's row, and a zone that changed meanwhile
    would move an appointment to a day that this write does not know. SQLite has one writer
    anyway; NO KEY UPDATE lets writes of other tables go on.
    """
    row = await unit.one(scope.select(CLINICS, CLINICS.c.time_zone).with_for_update(key_share=True))
    return zone_named(None if row is None else row.time_zone)


def _shows(unit: UnitOfWork, zone: ZoneInfo, appointment_id: int, *moments: datetime) -> None:
    """Book what shows the appointment: itself, lists in general, and those of the days it began or begins."""
    unit.changed(policies.APPOINTMENTS, appointment_id)
    for day in {day for moment in moments for day in days_of(moment, zone)}:
        unit.changed(policies.APPOINTMENTS, CacheKeys.appointments.day(day))


async def _read(reader: Reader, appointment_id: int) -> Appointment:
    row = await reader.one(_shown().where(APPOINTMENTS.c.id == appointment_id))
    if row is None:
        raise NotThere("The clinic has no appointment of this id.")
    return _appointment(row)


async def _contact_name(unit: UnitOfWork, contact_id: int) -> str:
    # Held until this write ends: a contact deleted meanwhile would be a broken key, and told in a log.
    held = scope.select(CONTACTS, CONTACTS.c.name).with_for_update(read=True, key_share=True)
    name = await unit.scalar(held.where(CONTACTS.c.id == contact_id))
    if name is None:
        raise BrokenRule("contact_id", "must be a contact of this clinic")
    return str(name)


async def _require_free(unit: UnitOfWork, content: AppointmentContent, *, besides: int) -> None:
    if content.status in FREE:
        return
    shared = APPOINTMENTS.c.practitioner == content.practitioner
    if content.room is not None:
        shared |= APPOINTMENTS.c.room == content.room
    taken = scope.select(APPOINTMENTS, APPOINTMENTS.c.id).where(
        shared,
        APPOINTMENTS.c.id != besides,
        APPOINTMENTS.c.status.not_in([status.value for status in FREE]),
        APPOINTMENTS.c.starts_at < content.ends_at,
        APPOINTMENTS.c.starts_at > content.starts_at - LONGEST,
        APPOINTMENTS.c.ends_at > content.starts_at,
    )
    if await unit.one(taken.limit(1)) is not None:
        raise Collision("The practitioner or the room has another appointment at that time.")


def _appointment(row: sa.Row[Any]) -> Appointment:
    values = dict(row._mapping)  # noqa: SLF001 - the row's public mapping view
    return Appointment(**{**values, "status": word_of(AppointmentStatus, values["status"])})
