"""A statement in the words of OpenTelemetry's stable database conventions.

The words come from the statement's structure, never from its text, so neither a literal
nor a parameter can stand in them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from monitor.database.scope import filtered_tables


class StatementWords(NamedTuple):
    """What telemetry may say of a statement.

    Attributes:
        operation: `db.operation.name`, such as `SELECT`.
        collection: `db.collection.name`: the first table, or empty.
        summary: `db.query.summary`: the operation and every table, such as `SELECT contacts`.
    """

    operation: str
    collection: str
    summary: str


COMMIT = StatementWords("COMMIT", "", "COMMIT")


def words_of(statement: sa.Executable) -> StatementWords:
    """Return the words of `statement`."""
    operation = str(getattr(statement, "__visit_name__", "statement")).upper()
    tables = filtered_tables(statement) or _tables_of(statement)
    return StatementWords(operation, tables[0] if tables else "", " ".join((operation, *tables)))


def _tables_of(statement: Any) -> tuple[str, ...]:
    table = getattr(statement, "table", None)
    if table is not None:
        return (str(table.name),)
    elements = visitors.iterate(statement)
    return tuple(dict.fromkeys(element.name for element in elements if isinstance(element, sa.Table)))
