"""The cache switch's share: how much of the traffic may use the cache."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the share; a row without one is off, as before."""
    op.add_column("cache_outbox", sa.Column("share", sa.Double, nullable=True))


def downgrade() -> None:
    """Drop the share, and the rows that an older version would take for off."""
    op.execute("DELETE FROM cache_outbox WHERE kind = 'off' AND share > 0")
    op.drop_column("cache_outbox", "share")
