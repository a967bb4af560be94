"""The tables that the database's tests work on."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.database.scope import TENANT_COLUMN, shared, tenant_column

METADATA = sa.MetaData()

NOTES = sa.Table(
    "notes",
    METADATA,
    tenant_column(primary_key=True, autoincrement=False),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
)

PAGES = sa.Table(
    "pages",
    METADATA,
    tenant_column(primary_key=True, autoincrement=False),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("note_id", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint([TENANT_COLUMN, "note_id"], [f"notes.{TENANT_COLUMN}", "notes.id"]),
)

# Tenants share it, so nothing filters it.
WORDS = shared(sa.Table("words", METADATA, sa.Column("word", sa.String(40), primary_key=True)))
