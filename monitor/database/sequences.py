"""Ids that count up by themselves for each tenant."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monitor.database.scope import upsert


def next_value(dialect: str, table: sa.Table, sequence: str) -> Any:
    """Return the statement that takes the next id of the bound tenant's sequence, from 1 on.

    The row stays locked until the transaction ends, so that ids have no gap after a rollback.

    Args:
        dialect: The database's name in SQLAlchemy.
        table: What `kit_tables.id_sequences` returned for the service.
        sequence: The sequence's name.
    """
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    insertion = make(table).values(sequence=sequence, value=1)
    counted = upsert(insertion, table, ["sequence"], {"value": table.c.value + 1})
    return counted.returning(table.c.value)
