"""The clinic's tables, and the kit's: outbox, epochs, sequences."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True)
_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TABLES = (
    "clinic_settings",
    "medical_records",
    "appointments",
    "contacts",
    "clinics",
    "id_sequences",
    "cache_epoch",
    "cache_outbox",
)


def upgrade() -> None:
    """Create every table."""
    _create_kit_tables()
    op.create_table(
        "clinics",
        sa.Column("clinic_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", name="pk_clinics"),
    )
    _create_contacts()
    _create_appointments()
    _create_medical_records()
    _create_settings()


def downgrade() -> None:
    """Drop every table."""
    for name in _TABLES:
        op.drop_table(name)


def _create_kit_tables() -> None:
    op.create_table(
        "cache_outbox",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.BigInteger, nullable=True),
        sa.Column("domain", sa.String(48), nullable=True),
        sa.Column("entity", sa.Text, nullable=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cache_outbox_kind", "cache_outbox", ["kind", "id"])
    epochs = op.create_table(
        "cache_epoch",
        sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("incarnation", sa.String(128), nullable=False),
    )
    op.bulk_insert(epochs, [{"epoch": 0, "incarnation": ""}])
    op.create_table(
        "id_sequences",
        sa.Column("clinic_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.String(48), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )


def _create_contacts() -> None:
    op.create_table(
        "contacts",
        *_row_of("contacts"),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("phone", sa.String(32), nullable=True),
        sa.Column("date_of_birth", sa.Date, nullable=True),
        sa.Column("language", sa.String(12), nullable=True),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        *_history(),
    )
    op.create_index("ix_contacts_name", "contacts", ["clinic_id", "name", "id"])
    op.create_index("ux_contacts_email", "contacts", ["clinic_id", "email"], unique=True)


def _create_appointments() -> None:
    op.create_table(
        "appointments",
        *_row_of("appointments"),
        *_contact_of("appointments"),
        sa.Column("practitioner", sa.String(200), nullable=False),
        sa.Column("room", sa.String(200), nullable=True),
        sa.Column("starts_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        *_history(),
    )
    op.create_index("ix_appointments_starts_at", "appointments", ["clinic_id", "starts_at", "id"])
    op.create_index("ix_appointments_contact", "appointments", ["clinic_id", "contact_id", "starts_at"])
    op.create_index(
        "ix_appointments_practitioner", "appointments", ["clinic_id", "practitioner", "starts_at"]
    )
    op.create_index("ix_appointments_room", "appointments", ["clinic_id", "room", "starts_at"])


def _create_medical_records() -> None:
    op.create_table(
        "medical_records",
        *_row_of("medical_records"),
        *_contact_of("medical_records"),
        sa.Column("practitioner", sa.String(200), nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        *_history(),
    )
    op.create_index("ix_medical_records_recorded_at", "medical_records", ["clinic_id", "recorded_at", "id"])
    op.create_index(
        "ix_medical_records_contact", "medical_records", ["clinic_id", "contact_id", "recorded_at"]
    )


def _create_settings() -> None:
    op.create_table(
        "clinic_settings",
        *_clinic_of("clinic_settings"),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("phone", sa.String(32), nullable=True),
        sa.Column("opens_at", sa.String(5), nullable=False),
        sa.Column("closes_at", sa.String(5), nullable=False),
        sa.Column("appointment_minutes", sa.Integer, nullable=False),
        sa.Column("reminder_hours", sa.Integer, nullable=False),
        *_history(),
        sa.PrimaryKeyConstraint("clinic_id", name="pk_clinic_settings"),
    )


def _clinic_of(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("clinic_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinics.clinic_id"], name=f"fk_{table}_clinics", ondelete="RESTRICT"
        ),
    )


def _row_of(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        *_clinic_of(table),
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=f"pk_{table}"),
    )


def _contact_of(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("contact_id", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "contact_id"],
            ["contacts.clinic_id", "contacts.id"],
            name=f"fk_{table}_contacts",
            ondelete="RESTRICT",
        ),
    )


def _history() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
