"""Pagination: what a list is asked with and what it answers."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import fields, force_setattr

from app.keys import DEFAULT_PAGE_SIZE

MAX_PAGE_SIZE = 100
_LAST_PAGE = 1_000_000

Item = TypeVar("Item")


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which page of a list, in canonical form: queries that mean the same are equal.

    A larger `pageSize` than the greatest is brought down to it (AIP-158).
    """

    page: Annotated[int, Meta(ge=1, le=_LAST_PAGE, description="The page, from 1.")] = 1
    page_size: Annotated[
        int, Meta(ge=1, description=f"Entries on a page; more than {MAX_PAGE_SIZE} count as {MAX_PAGE_SIZE}.")
    ] = DEFAULT_PAGE_SIZE

    def __post_init__(self) -> None:
        if self.page_size > MAX_PAGE_SIZE:
            force_setattr(self, "page_size", MAX_PAGE_SIZE)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size


def parameters_of(query: PageQuery) -> dict[str, str]:
    """Return the parameters that make `query`, those at their default left out."""
    told = {field.encode_name: (getattr(query, field.name), field.default) for field in fields(query)}
    return {
        name: str(value.value if isinstance(value, Enum) else value)
        for name, (value, default) in told.items()
        if value != default
    }


class PageLinks(msgspec.Struct, frozen=True, rename={"this": "self"}, omit_defaults=True):
    """Where the neighbouring pages are, as paths of this service."""

    this: str
    first: str
    last: str
    prev: str | None = None
    next: str | None = None


class Page(msgspec.Struct, Generic[Item], frozen=True, rename="camel"):
    """One page of a list.

    Attributes:
        items: The entries.
        page: Which page this is, from 1.
        page_size: Most entries on a page.
        total: Entries on all pages together.
        links: Where the neighbouring pages are.
    """

    items: list[Item]
    page: int
    page_size: int
    total: int
    links: PageLinks
