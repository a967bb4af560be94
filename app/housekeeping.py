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
