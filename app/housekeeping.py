"""The tables in which the service keeps its own books, beside what clinics write."""

from __future__ import annotations

import sqlalchemy as sa

from app.columns import TENANT_COLUMN, UtcMoment
from monitor.database.scope import tenant_column

METADATA = sa.MetaData()

# Under which keys clients may repeat a creation, with what was made; see `app.services.idempotency`.
IDEMPOTENCY_KEYS = sa.Table(
    "idempotency_keys",
    METADATA,
    tenant_column(name=TENANT_COLUMN, primary_key=True, autoincrement=False),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("payload", sa.String(64), nullable=False),
    sa.Column("made", sa.Text, nullable=False),
    sa.Column("created_at", UtcMoment, nullable=False),
    sa.Index("ix_idempotency_keys_created_at", TENANT_COLUMN, "created_at"),
)

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER keys count up by themselves there

# What holds in every worker until it ends: withdrawn tokens and the fault of a drill; see `app.standing`.
STANDING_ORDERS = sa.Table(
    "standing_orders",
    METADATA,
    sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("clinic", sa.BigInteger, nullable=True),
    sa.Column("subject", sa.String(128), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("ends_at", sa.Double, nullable=False),
    sqlite_autoincrement=True,  # an id that came back would be an order that every worker has seen
)

# Which workers there are, and which orders each of them has seen.
WORKER_REPORTS = sa.Table(
    "worker_reports",
    METADATA,
    sa.Column("worker", sa.String(36), primary_key=True),
    sa.Column("seen", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)
