"""What operators order every worker, and which worker has seen which order."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "standing_orders",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("clinic", sa.BigInteger, nullable=True),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("ends_at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "worker_reports",
        sa.Column("worker", sa.String(36), primary_key=True),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )


def downgrade() -> None:
    """Drop both; what was ordered holds no longer."""
    op.drop_table("worker_reports")
    op.drop_table("standing_orders")
