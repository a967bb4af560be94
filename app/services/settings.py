"""Settings: what the clinic decides about itself, in one document."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec.structs import asdict

from app import policies
from app.errors import NotThere, Outdated
from app.schemas.merge_patch import merged
from app.schemas.settings import Settings, SettingsChange, SettingsContent
from app.services.moments import now_of
from app.services.versions import Expectation, Version
from app.tables import CLINIC_SETTINGS, CLINICS
from monitor.clock import Clock
from monitor.database import scope
from monitor.database.engine import Database
from monitor.database.unit_of_work import Reader, UnitOfWork
from monitor.tenancy.context import current_tenant

_OF_THE_CLINIC = ("name", "time_zone")
_COLUMNS = [
    (CLINICS if name in _OF_THE_CLINIC else CLINIC_SETTINGS).c[name]
    for name in Settings.__struct_fields__
    if name != "clinic_id"
]


class SettingsService:
    """The bound clinic's settings."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def get(self) -> Settings:
        """Return the settings.

        Raises:
            NotThere: The clinic has not been set up.
        """
        async with self._database.reading() as reader:
            return await _found(reader, _statement())

    async def replace(self, content: SettingsContent, expected: Expectation) -> Settings:
        """Write all settings anew; raises as `change`."""
        async with self._database.writing() as unit:
            current = await _found(unit, _statement().with_for_update(of=CLINIC_SETTINGS))
            version_of(current).require(expected)
            return await self._update(unit, current, content)

    async def change(self, change: SettingsChange, expected: Expectation) -> Settings:
        """Write the fields that `change` sets.

        Raises:
            NotThere: The clinic has not been set up.
            Outdated: The settings changed since the caller read them.
            BrokenRule: The clinic would close before it opens.
        """
        async with self._database.writing() as unit:
            current = await _found(unit, _statement().with_for_update(of=CLINIC_SETTINGS))
            version_of(current).require(expected)
            return await self._update(unit, current, merged(SettingsContent, current, change))

    async def _update(self, unit: UnitOfWork, current: Settings, content: SettingsContent) -> Settings:
        values = asdict(content)
        clinic = {name: values.pop(name) for name in _OF_THE_CLINIC}
        values |= {"version": current.version + 1, "updated_at": now_of(self._clock)}
        same_version = CLINIC_SETTINGS.c.version == current.version
        done = await unit.execute(scope.update(CLINIC_SETTINGS).where(same_version).values(values))
        if done.rowcount != 1:
            raise Outdated(policies.SETTINGS)
        await unit.execute(scope.update(CLINICS).values(clinic))
        unit.changed(policies.SETTINGS)
        if clinic["time_zone"] != current.time_zone:
            # Which day an appointment falls on, and where a day ends in the figures, moves with the zone.
            unit.changed(policies.APPOINTMENTS)
            unit.changed(policies.ANALYTICS)
        return Settings(clinic_id=current.clinic_id, **clinic, **values)


def version_of(settings: Settings) -> Version:
    """Return the settings' version."""
    return Version(policies.SETTINGS, 0, settings.version)


def _statement() -> sa.Select[Any]:
    return scope.select(scope.join(CLINIC_SETTINGS, CLINICS, sa.true()), *_COLUMNS)


async def _found(reader: Reader, statement: sa.Select[Any]) -> Settings:
    row = await reader.one(statement)
    if row is None:
        raise NotThere("The clinic has not been set up.")
    values: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - the row's public mapping view
    return Settings(clinic_id=int(current_tenant()), **values)
