"""The kit's own tables; the application's migration creates them beside its own.

`cache_outbox` holds what a write still owes the caches of all workers, `cache_epoch` which
run of the Redis primary counts. See `docs/cache.md` for the protocol.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

import sqlalchemy as sa

from monitor.database.database_settings import TENANT_COLUMN
from monitor.database.tenant_tables import shared, tenant_column

METADATA = sa.MetaData()
FIRST_EPOCH = {"epoch": 0, "incarnation": ""}  # before any worker has named a primary
_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER keys count up by themselves there


class OutboxKind(StrEnum):
    """What an outbox row asks of every worker."""

    WRITE = "write"  # entries of the scope are stale until its generations are fresh
    SUSPENDED = "suspended"  # the store is out of reach: bypass everything
    OFF = "off"  # the switch, until an operator moves it: bypass, or all but the row's share


CACHE_OUTBOX = shared(
    sa.Table(
        "cache_outbox",
        METADATA,
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.BigInteger, nullable=True),
        sa.Column("domain", sa.String(48), nullable=True),
        sa.Column("entity", sa.Text, nullable=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        # Of the switch alone: how much of the traffic may use the cache; none where it is null.
        sa.Column("share", sa.Double, nullable=True),
        # In a long outage the rows are many, and every worker polls the first of them four times a second.
        sa.Index("ix_cache_outbox_kind", "kind", "id"),
        sqlite_autoincrement=True,  # an id that came back would pass for the row a writer waits for
    )
)

CACHE_EPOCH = shared(
    sa.Table(
        "cache_epoch",
        METADATA,
        sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("incarnation", sa.String(128), nullable=False),
    )
)


@lru_cache
def id_sequences(tenant_column_name: str = TENANT_COLUMN) -> sa.Table:
    """Return the table of ids that count up by tenant, always the same one for a name.

    Args:
        tenant_column_name: As `Adoption.tenant_column`.
    """
    return sa.Table(
        "id_sequences",
        sa.MetaData(),
        tenant_column(name=tenant_column_name, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.String(48), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )


def create_kit_tables(connection: sa.Connection, tenant_column_name: str = TENANT_COLUMN) -> None:
    """Create the kit's tables and the first epoch where they are missing, without a migration."""
    METADATA.create_all(connection)
    id_sequences(tenant_column_name).metadata.create_all(connection)
    if connection.execute(sa.select(CACHE_EPOCH.c.epoch).limit(1)).first() is None:
        connection.execute(sa.insert(CACHE_EPOCH).values(FIRST_EPOCH))
