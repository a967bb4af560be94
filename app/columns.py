"""Columns that the tables share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

TENANT_COLUMN = "clinic_id"


class UtcMoment(TypeDecorator[datetime]):
    """A point in time: aware on the way in and out, UTC in the database, which on SQLite keeps no zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002 - the same
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
