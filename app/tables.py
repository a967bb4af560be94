"""The service's tables. Every one carries the clinic first in its keys and indexes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.columns import TENANT_COLUMN, UtcMoment
from app.folding import search_text
from app.housekeeping import METADATA as HOUSEKEEPING
from monitor.database.kit_tables import METADATA as KIT_METADATA
from monitor.database.kit_tables import id_sequences
from monitor.database.scope import tenant_column

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
ID_SEQUENCES = id_sequences(TENANT_COLUMN)
ALL_METADATA = (METADATA, KIT_METADATA, ID_SEQUENCES.metadata, HOUSEKEEPING)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False)


def _clinic() -> sa.Column[int]:
    return tenant_column(
        sa.ForeignKey(f"clinics.{TENANT_COLUMN}", ondelete="RESTRICT"),
        name=TENANT_COLUMN,
        primary_key=True,
        autoincrement=False,
    )


def _history() -> tuple[sa.Column[Any], ...]:
    return (
        # Counts up with each update; an update names the version it is based on (optimistic concurrency).
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", UtcMoment, nullable=False),
        sa.Column("updated_at", UtcMoment, nullable=False),
    )


def _search_text(context: Any) -> str:
    row = context.get_current_parameters()
    return search_text(row["name"], row.get("phone"), row.get("email"))


def _belongs_to_contact() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [TENANT_COLUMN, "contact_id"], [f"contacts.{TENANT_COLUMN}", "contacts.id"], ondelete="RESTRICT"
    )


CLINICS = sa.Table(
    "clinics",
    METADATA,
    tenant_column(name=TENANT_COLUMN, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("time_zone", sa.String(64), nullable=False),
)

CONTACTS = sa.Table(
    "contacts",
    METADATA,
    _clinic(),
    _id(),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("email", sa.String(254), nullable=True),
    sa.Column("phone", sa.String(32), nullable=True),
    sa.Column("date_of_birth", sa.Date, nullable=True),
    sa.Column("language", sa.String(12), nullable=True),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False, default=_search_text),
    *_history(),
    sa.Index("ix_contacts_name", TENANT_COLUMN, "name", "id"),
    # Addresses are stored in lower case, so that they are unique whatever the collation.
    sa.Index("ux_contacts_email", TENANT_COLUMN, "email", unique=True),
)

APPOINTMENTS = sa.Table(
    "appointments",
    METADATA,
    _clinic(),
    _id(),
    sa.Column("contact_id", sa.BigInteger, nullable=False),
    sa.Column("practitioner", sa.String(200), nullable=False),
    sa.Column("room", sa.String(200), nullable=True),
    sa.Column("starts_at", UtcMoment, nullable=False),
    sa.Column("ends_at", UtcMoment, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    *_history(),
    _belongs_to_contact(),
    sa.Index("ix_appointments_starts_at", TENANT_COLUMN, "starts_at", "id"),
    sa.Index("ix_appointments_contact", TENANT_COLUMN, "contact_id", "starts_at"),
    # Whether a practitioner or a room is free is asked before every booking.
    sa.Index("ix_appointments_practitioner", TENANT_COLUMN, "practitioner", "starts_at"),
    sa.Index("ix_appointments_room", TENANT_COLUMN, "room", "starts_at"),
)

MEDICAL_RECORDS = sa.Table(
    "medical_records",
    METADATA,
    _clinic(),
    _id(),
    sa.Column("contact_id", sa.BigInteger, nullable=False),
    sa.Column("practitioner", sa.String(200), nullable=False),
    sa.Column("recorded_at", UtcMoment, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    *_history(),
    _belongs_to_contact(),
    sa.Index("ix_medical_records_recorded_at", TENANT_COLUMN, "recorded_at", "id"),
    sa.Index("ix_medical_records_contact", TENANT_COLUMN, "contact_id", "recorded_at"),
)

CLINIC_SETTINGS = sa.Table(
    "clinic_settings",
    METADATA,
    _clinic(),
    sa.Column("language", sa.String(12), nullable=False),
    sa.Column("email", sa.String(254), nullable=True),
    sa.Column("phone", sa.String(32), nullable=True),
    sa.Column("opens_at", sa.String(5), nullable=False),
    sa.Column("closes_at", sa.String(5), nullable=False),
    sa.Column("appointment_minutes", sa.Integer, nullable=False),
    sa.Column("reminder_hours", sa.Integer, nullable=False),
    *_history(),
)
