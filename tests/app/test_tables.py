"""What holds for every table of the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from app.columns import TENANT_COLUMN, UtcMoment
from app.housekeeping import STANDING_ORDERS, WORKER_REPORTS
from app.tables import ALL_METADATA, METADATA
from monitor.database.kit_tables import CACHE_EPOCH, CACHE_OUTBOX

TABLES = [table for metadata in ALL_METADATA for table in metadata.sorted_tables]
_OF_ALL = (CACHE_OUTBOX, CACHE_EPOCH, STANDING_ORDERS, WORKER_REPORTS)
TENANT_TABLES = [table for table in TABLES if table not in _OF_ALL]


@pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.name)
def test_the_clinic_leads_every_key_and_index(table: sa.Table) -> None:
    """Primary keys, foreign keys and indexes all begin with the clinic."""
    keyed: list[sa.PrimaryKeyConstraint | sa.Index | sa.ForeignKeyConstraint]
    keyed = [table.primary_key, *table.indexes, *table.foreign_key_constraints]
    first = {next(iter(key.columns)).name for key in keyed}

    assert {TENANT_COLUMN} == first


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: table.name)
def test_rows_that_are_edited_count_their_versions(table: sa.Table) -> None:
    """Every table but the clinics' own carries version and time stamps for optimistic concurrency."""
    expected = set() if table.name == "clinics" else {"version", "created_at", "updated_at"}

    assert expected == {"version", "created_at", "updated_at"} & set(table.c.keys())


def test_a_moment_is_kept_in_utc_and_comes_back_aware() -> None:
    """Time zones survive a database that knows none."""
    lisbon = datetime(2025, 6, 17, 9, 0, tzinfo=timezone(timedelta(hours=1)))
    dialect = sa.create_engine("sqlite://").dialect

    kept = UtcMoment().process_bind_param(lisbon, dialect)
    back = UtcMoment().process_result_value(datetime(2025, 6, 17, 8, 0), dialect)  # noqa: DTZ001 - as SQLite gives it

    assert lisbon == kept == back
    assert back is not None
    assert UTC == back.tzinfo
