"""The outbox rows share the fate of the write they belong to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from opentelemetry.trace import NoOpTracer

from monitor.clock import SystemClock
from monitor.database import scope
from monitor.database.connections import make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.engine import Database
from monitor.database.kit_tables import CACHE_OUTBOX
from monitor.database.write_context import Commit, collecting_commits
from monitor.errors import UnscopedStatement
from monitor.scopes import CacheScope
from monitor.tenancy.context import bind
from monitor.tenancy.identity import TenantId
from monitor.testing.fakes import RecordingObserver
from tests.monitor.database.notes import NOTES

NOTE_1 = CacheScope(TenantId(1), "notes", "1")
SUMMARY = CacheScope(TenantId(1), "summary", None)


class KeptSettlement:
    """Keeps what it was asked to settle."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []

    async def settle(self, commit: Commit) -> None:
        self.commits.append(commit)


@pytest.fixture
async def settlement() -> KeptSettlement:
    """Give a settlement that keeps commits."""
    return KeptSettlement()


async def outbox(url: str) -> Sequence[sa.Row[int, int, str, str]]:
    engine = make_engine(url, PoolSettings(size=1))
    async with engine.connect() as connection:
        columns = (CACHE_OUTBOX.c.id, CACHE_OUTBOX.c.tenant, CACHE_OUTBOX.c.domain, CACHE_OUTBOX.c.entity)
        rows = (await connection.execute(sa.select(*columns).order_by(CACHE_OUTBOX.c.id))).all()
    await engine.dispose()
    return rows


async def change(url: str, settlement: KeptSettlement, error: Exception | None = None) -> None:
    database = Database(
        url, observer=RecordingObserver(), tracer=NoOpTracer(), clock=SystemClock(), settlement=settlement
    )
    try:
        async with database.writing() as unit:
            await unit.execute(scope.insert(NOTES, id=1, text="one"))
            unit.changed("notes", 1)
            unit.changed("notes", 1)
            unit.changed("summary")
            if error is not None:
                raise error
    finally:
        await database.aclose()


async def test_a_write_leaves_one_row_for_each_scope(url: str, settlement: KeptSettlement) -> None:
    """Scopes booked twice are written once, and the commit names rows and scopes in the same order."""
    with bind(1):
        await change(url, settlement)

    rows = await outbox(url)
    assert [(1, "notes", "1"), (1, "summary", None)] == [(row.tenant, row.domain, row.entity) for row in rows]
    [commit] = settlement.commits
    assert (NOTE_1, SUMMARY) == commit.scopes
    assert tuple(row.id for row in rows) == commit.outbox_ids


async def test_a_write_that_is_rolled_back_leaves_none(url: str, settlement: KeptSettlement) -> None:
    """No row of the outbox outlives a rollback, and nothing is settled."""
    with bind(1), pytest.raises(RuntimeError):
        await change(url, settlement, RuntimeError())

    assert [] == await outbox(url)
    assert [] == settlement.commits


async def test_a_write_context_takes_the_commit_over(url: str, settlement: KeptSettlement) -> None:
    """Inside an open write context the unit of work leaves settling to the context's owner."""
    with bind(1), collecting_commits() as commits:
        await change(url, settlement)

    assert [(NOTE_1, SUMMARY)] == [commit.scopes for commit in commits]
    assert [] == settlement.commits


async def test_a_block_that_changes_nothing_settles_nothing(url: str, settlement: KeptSettlement) -> None:
    """Without a booked scope there is neither a row nor a settlement."""
    database = Database(
        url, observer=RecordingObserver(), tracer=NoOpTracer(), clock=SystemClock(), settlement=settlement
    )
    with bind(1):
        async with database.writing() as unit:
            await unit.execute(scope.insert(NOTES, id=1, text="one"))
    await database.aclose()

    assert ([], []) == (await outbox(url), settlement.commits)


async def test_ids_count_up_for_each_tenant_and_sequence(database: Database) -> None:
    """Each tenant counts from 1 in each sequence, and a rollback takes the number back."""
    taken = []
    for tenant, sequence in ((1, "notes"), (1, "notes"), (2, "notes"), (1, "pages")):
        with bind(tenant):
            async with database.writing() as unit:
                taken.append(await unit.next_id(sequence))
    with bind(1):
        with pytest.raises(RuntimeError):
            async with database.writing() as unit:
                await unit.next_id("notes")
                raise RuntimeError
        async with database.writing() as unit:
            taken.append(await unit.next_id("notes"))

    assert [1, 2, 1, 1, 3] == taken


async def test_one_statement_runs_for_many_rows(database: Database) -> None:
    """`execute_many` writes each row for the bound tenant, and checks the statement as any other."""
    with bind(1):
        async with database.writing() as unit:
            await unit.execute_many(scope.insert(NOTES), [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}])
            with pytest.raises(UnscopedStatement):
                await unit.execute_many(sa.insert(NOTES), [{"id": 3, "text": "c"}])
        async with database.reading() as reader:
            assert ["a", "b"] == [
                row.text for row in await reader.all(scope.select(NOTES).order_by(NOTES.c.id))
            ]
