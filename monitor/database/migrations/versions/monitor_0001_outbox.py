"""Outbox, epochs and id sequences, as they are today; what an older kit has made gets what it lacks."""

import sqlalchemy as sa
from alembic import context, op

revision = "monitor_0001"
down_revision = None
branch_labels: tuple[str, ...] = ("monitor",)

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables that are missing, and the column of shares where the outbox has none."""
    found = sa.inspect(op.get_bind())
    tables = found.get_table_names()
    if "cache_outbox" not in tables:
        _create_outbox()
    elif "share" not in {column["name"] for column in found.get_columns("cache_outbox")}:
        op.add_column("cache_outbox", sa.Column("share", sa.Double, nullable=True))
    if "cache_epoch" not in tables:
        _create_epochs()
    if "id_sequences" not in tables:
        _create_sequences()


def downgrade() -> None:
    """Drop the tables: no worker may follow this database any more."""
    for name in ("id_sequences", "cache_epoch", "cache_outbox"):
        op.drop_table(name)


def _create_outbox() -> None:
    op.create_table(
        "cache_outbox",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.BigInteger, nullable=True),
        sa.Column("domain", sa.String(48), nullable=True),
        sa.Column("entity", sa.Text, nullable=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("share", sa.Double, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cache_outbox_kind", "cache_outbox", ["kind", "id"])


def _create_epochs() -> None:
    epochs = op.create_table(
        "cache_epoch",
        sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("incarnation", sa.String(128), nullable=False),
    )
    op.bulk_insert(epochs, [{"epoch": 0, "incarnation": ""}])


def _create_sequences() -> None:
    # Named in the configuration, for the branch also runs in an adopter's own Alembic environment.
    column = context.config.get_main_option("monitor_tenant_column", "tenant_id")
    op.create_table(
        "id_sequences",
        sa.Column(str(column), sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.String(48), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
