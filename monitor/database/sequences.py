"""Ids that count up by themselves for each tenant."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from monitor.database.kit_tables import ID_SEQUENCES
from monitor.database.scope import upsert


def next_value(dialect: str, sequence: str) -> Any:
    """Return the statement that takes the next id of the bound tenant's sequence, from 1 on.

    The row stays locked until the transaction ends, so that ids have no gap after a rollback.
    """
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    insertion = make(ID_SEQUENCES).values(sequence=sequence, value=1)
    counted = upsert(insertion, ID_SEQUENCES, ["sequence"], {"value": ID_SEQUENCES.c.value + 1})
    return counted.returning(ID_SEQUENCES.c.value)
