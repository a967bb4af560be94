"""Contacts: list and search, read, create, update, delete."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec.structs import asdict

from app import policies
from app.errors import Collision, NotThere, Outdated
from app.folding import search_text
from app.schemas.contacts import Contact, ContactChange, ContactContent, ContactQuery
from app.schemas.merge_patch import merged
from app.services.idempotency import Attempt, Creations
from app.services.listing import Found, find
from app.services.moments import now_of
from app.services.searching import found_in
from app.services.versions import ANY_VERSION, Expectation, Version
from app.tables import APPOINTMENTS, CLINICS, CONTACTS, MEDICAL_RECORDS
from monitor.clock import Clock
from monitor.database import scope
from monitor.database.engine import Database
from monitor.database.unit_of_work import Reader, UnitOfWork

_COLUMNS = [CONTACTS.c[name] for name in Contact.__struct_fields__]


class ContactService:
    """The bound clinic's contacts."""

    def __init__(self, database: Database, clock: Clock, creations: Creations) -> None:
        self._database = database
        self._clock = clock
        self._creations = creations

    async def list(self, query: ContactQuery) -> Found[Contact]:
        conditions = [found_in(CONTACTS.c.search, query.q)] if query.q else []
        statement = scope.select(CONTACTS, *_COLUMNS).order_by(CONTACTS.c.name, CONTACTS.c.id)
        async with self._database.reading() as reader:
            return await find(reader, CONTACTS, statement, conditions, query, _contact)

    async def get(self, contact_id: int) -> Contact:
        """Return a contact.

        Raises:
            NotThere: The clinic has none of this id.
        """
        async with self._database.reading() as reader:
            return await _read(reader, contact_id)

    async def create(self, content: ContactContent, attempt: Attempt | None = None) -> Contact:
        """Store a new contact.

        Args:
            content: What is written.
            attempt: Under which key a client may repeat it.

        Raises:
            KeyInUse: A request with the key is under way.
            KeyReused: The key stands for something else.
            Collision: Another contact of the clinic has the e-mail address.
        """
        async with self._creations.once(attempt, Contact) as creation:
            if creation.made is not None:
                return creation.made
            unit = creation.unit
            await _require_own_email(unit, content.email, besides=0)
            now, contact_id = now_of(self._clock), await unit.next_id(policies.CONTACTS)
            values = {**asdict(content), "version": 1, "created_at": now, "updated_at": now}
            await unit.execute(scope.insert(CONTACTS, id=contact_id, **_stored(values)))
            unit.changed(policies.CONTACTS, contact_id)
            return await creation.keep(Contact(id=contact_id, **values))

    async def replace(self, contact_id: int, content: ContactContent, expected: Expectation) -> Contact:
        """Write all of a contact anew; raises as `change`."""
        async with self._database.writing() as unit:
            current = await _locked(unit, contact_id)
            version_of(current).require(expected)
            return await self._update(unit, current, content)

    async def change(self, contact_id: int, change: ContactChange, expected: Expectation) -> Contact:
        """Write the fields that `change` sets.

        Raises:
            NotThere: The clinic has no contact of this id.
            Outdated: The contact changed since the caller read it.
            Collision: Another contact of the clinic has the e-mail address.
        """
        async with self._database.writing() as unit:
            current = await _locked(unit, contact_id)
            version_of(current).require(expected)
            return await self._update(unit, current, merged(ContactContent, current, change))

    async def delete(self, contact_id: int, expected: Expectation = ANY_VERSION) -> None:
        """Remove a contact.

        Raises:
            NotThere: The clinic has none of this id.
            Outdated: It changed since the caller read it.
            Collision: It has appointments or medical records.
        """
        async with self._database.writing() as unit:
            # Nothing may begin to refer to it between the look and the deed.
            current = await _found(unit, _of_id(contact_id).with_for_update())
            version_of(current).require(expected)
            await _require_unused(unit, contact_id)
            await unit.execute(scope.delete(CONTACTS).where(CONTACTS.c.id == contact_id))
            unit.changed(policies.CONTACTS, contact_id)

    async def _update(self, unit: UnitOfWork, current: Contact, content: ContactContent) -> Contact:
        if content.email != current.email:
            await _require_own_email(unit, content.email, besides=current.id)
        values = {**asdict(content), "version": current.version + 1, "updated_at": now_of(self._clock)}
        same_version = (CONTACTS.c.id == current.id) & (CONTACTS.c.version == current.version)
        done = await unit.execute(scope.update(CONTACTS).where(same_version).values(_stored(values)))
        if done.rowcount != 1:
            raise Outdated(policies.CONTACTS)
        unit.changed(policies.CONTACTS, current.id)
        if values["name"] != current.name:
            unit.changed(policies.APPOINTMENTS)  # they show the name
        return Contact(id=current.id, created_at=current.created_at, **values)


def version_of(contact: Contact) -> Version:
    """Return a contact's version."""
    return Version(policies.CONTACTS, contact.id, contact.version)


def _of_id(contact_id: int) -> sa.Select[Any]:
    return scope.select(CONTACTS, *_COLUMNS).where(CONTACTS.c.id == contact_id)


async def _locked(unit: UnitOfWork, contact_id: int) -> Contact:
    # Until this write ends nobody else changes it: what was judged is what is changed.
    return await _found(unit, _of_id(contact_id).with_for_update(key_share=True))


async def _read(reader: Reader, contact_id: int) -> Contact:
    return await _found(reader, _of_id(contact_id))


async def _found(reader: Reader, statement: sa.Select[Any]) -> Contact:
    row = await reader.one(statement)
    if row is None:
        raise NotThere("The clinic has no contact of this id.")
    return _contact(row)


async def _require_own_email(unit: UnitOfWork, email: str | None, *, besides: int) -> None:
    if email is None:
        return
    # One write with an address at a time: a race that the unique index decides is told in PostgreSQL's
    # log, address and all.
    await unit.one(scope.select(CLINICS, CLINICS.c.name).with_for_update(key_share=True))
    taken = scope.select(CONTACTS, CONTACTS.c.id).where(CONTACTS.c.email == email, CONTACTS.c.id != besides)
    if await unit.one(taken) is not None:
        raise Collision("Another contact has this e-mail address.")


async def _require_unused(unit: UnitOfWork, contact_id: int) -> None:
    for table, what in ((APPOINTMENTS, "appointments"), (MEDICAL_RECORDS, "medical records")):
        used = scope.select(table, table.c.id).where(table.c.contact_id == contact_id).limit(1)
        if await unit.one(used) is not None:
            raise Collision(f"The contact has {what}; a contact without any can be deleted.")


def _contact(row: sa.Row[Any]) -> Contact:
    return Contact(**row._mapping)  # noqa: SLF001 - the row's public mapping view


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "search": search_text(values["name"], values["phone"], values["email"])}
