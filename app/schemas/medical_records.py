"""Medical records: what was found and done. A record is corrected, never deleted."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from app.schemas.fields import Id, Moment, Name, Prose, require_plausible
from app.schemas.pages import PageQuery


class RecordKind(StrEnum):
    """What a record holds."""

    CONSULTATION = "consultation"
    DIAGNOSIS = "diagnosis"
    PRESCRIPTION = "prescription"
    LAB_RESULT = "lab_result"
    IMAGING = "imaging"
    VACCINATION = "vaccination"


class MedicalRecordQuery(PageQuery, frozen=True, kw_only=True):
    """Which medical records to list."""

    contact_id: Annotated[Id | None, Meta(description="Only this contact's.")] = None
    kind: Annotated[RecordKind | None, Meta(description="Only of this kind.")] = None


class MedicalRecordContent(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a user writes in a medical record."""

    contact_id: Id
    kind: RecordKind
    title: Name
    body: Prose = ""
    practitioner: Name
    recorded_at: Moment

    def __post_init__(self) -> None:
        require_plausible("recorded_at", self.recorded_at)


class MedicalRecordChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to correct in a medical record; what is absent stays, and so does its contact."""

    kind: RecordKind | UnsetType = UNSET
    title: Name | UnsetType = UNSET
    body: Prose | UnsetType = UNSET
    practitioner: Name | UnsetType = UNSET
    recorded_at: Moment | UnsetType = UNSET


class MedicalRecord(Struct, frozen=True, kw_only=True, rename="camel"):
    """A medical record as the service shows it."""

    id: Id
    contact_id: Id
    kind: RecordKind
    title: str
    body: str
    practitioner: str
    recorded_at: datetime
    version: int
    created_at: datetime
    updated_at: datetime
