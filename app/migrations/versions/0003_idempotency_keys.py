"""The keys under which clients repeat a creation, with what was made."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the keys' table."""
    op.create_table(
        "idempotency_keys",
        sa.Column("clinic_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("payload", sa.String(64), nullable=False),
        sa.Column("made", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", "key"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["clinic_id", "created_at"])


def downgrade() -> None:
    """Drop the keys."""
    op.drop_table("idempotency_keys")
