"""One page of a list, and how many entries there are in all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from app.schemas.pages import PageQuery
from monitor.database import scope
from monitor.database.unit_of_work import Reader

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Found(Generic[Item]):
    """One page of what a query found.

    Attributes:
        items: The page's entries.
        total: Entries on all pages together.
    """

    items: list[Item]
    total: int


async def find(
    reader: Reader,
    table: sa.Table,
    statement: sa.Select[Any],
    conditions: Sequence[ColumnElement[bool]],
    query: PageQuery,
    make: Callable[[sa.Row[Any]], Item],
) -> Found[Item]:
    """Run `statement` for one page, and count what it finds in all.

    Args:
        reader: One snapshot, so that the page and the total agree.
        table: What is counted.
        statement: Selects and orders the entries.
        conditions: What narrows both, on columns of `table`.
        query: Which page.
        make: Makes an entry of a row.
    """
    count = scope.select(table, sa.func.count()).where(*conditions)
    total = int(await reader.scalar(count))
    if total <= query.offset:
        return Found([], total)
    rows = await reader.all(statement.where(*conditions).limit(query.page_size).offset(query.offset))
    return Found([make(row) for row in rows], total)
