"""Contacts: the people a clinic cares for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import force_setattr

from app.folding import folded
from app.schemas.fields import Email, Id, Language, Name, Phone, Prose, SearchText, require_plausible
from app.schemas.pages import PageQuery


class ContactQuery(PageQuery, frozen=True, kw_only=True):
    """Which contacts to list."""

    q: Annotated[SearchText, Meta(description="Part of a name, telephone number or e-mail address.")] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.q:
            force_setattr(self, "q", folded(self.q))


class ContactContent(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a user writes about a contact."""

    name: Name
    phone: Phone | None = None
    email: Email | None = None
    date_of_birth: date | None = None
    language: Language | None = None
    notes: Prose = ""

    def __post_init__(self) -> None:
        require_plausible("date_of_birth", self.date_of_birth)


class ContactChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to change about a contact; what is absent stays (RFC 7396)."""

    name: Name | UnsetType = UNSET
    phone: Phone | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    date_of_birth: date | UnsetType | None = UNSET
    language: Language | UnsetType | None = UNSET
    notes: Prose | UnsetType = UNSET


class Contact(Struct, frozen=True, kw_only=True, rename="camel"):
    """A contact as the service shows it."""

    id: Id
    name: str
    phone: str | None
    email: str | None
    date_of_birth: date | None
    language: str | None
    notes: str
    version: int
    created_at: datetime
    updated_at: datetime
