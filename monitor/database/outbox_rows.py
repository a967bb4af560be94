"""The rows of the outbox, written in the transaction whose rows make entries stale."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from monitor.database.kit_tables import CACHE_OUTBOX, OutboxKind
from monitor.scopes import CacheScope


def rows_for(scopes: Sequence[CacheScope], created_at: float) -> sa.Insert:
    """Return the INSERT of the outbox rows of a write, which gives back their ids."""
    values = [
        {
            "tenant": int(scope.tenant),
            "domain": scope.domain,
            "entity": scope.entity,
            "kind": OutboxKind.WRITE.value,
            "created_at": created_at,
        }
        for scope in scopes
    ]
    return sa.insert(CACHE_OUTBOX).values(values).returning(CACHE_OUTBOX.c.id)
