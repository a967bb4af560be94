"""The outbox on both databases, and the one in memory that the protocol's tests run on, are one contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from opentelemetry.trace import NoOpTracer

from monitor.clock import SystemClock
from monitor.consistency.durable_switch import DurableSwitch
from monitor.consistency.outbox_store import OutboxStore
from monitor.consistency.protocol import Outbox, OutboxNews, Timing
from monitor.database.engine import Database
from monitor.database.kit_tables import OutboxKind
from monitor.errors import DatabaseError
from monitor.scopes import CacheScope
from monitor.tenancy.context import bind
from monitor.tenancy.identity import TenantId
from monitor.testing.fakes import RecordingObserver
from tests.monitor.consistency.memory_outbox import MemoryOutbox
from tests.servers import free_port

TIMING = Timing(poll_limit=3)


class Bench:
    """An outbox, and a way to commit writes beside it."""

    def __init__(self, outbox: Outbox, url: str | None) -> None:
        self.outbox = outbox
        self._url = url

    async def commit(self, domain: str = "notes", entity: str | None = "1") -> None:
        if isinstance(self.outbox, MemoryOutbox):
            self.outbox.commit((CacheScope(TenantId(1), domain, entity),))
            return
        database = Database(
            str(self._url), observer=RecordingObserver(), tracer=NoOpTracer(), clock=SystemClock()
        )
        with bind(1):
            async with database.writing() as unit:
                unit.changed(domain, entity)
        await database.aclose()

    async def ids(self) -> list[int]:
        return [row.id for row in (await self.outbox.poll()).rows]


@pytest.fixture
async def tables(url: str) -> AsyncIterator[OutboxStore]:
    """Give the outbox on each database."""
    tables = OutboxStore(url, observer=RecordingObserver(), clock=SystemClock(), timing=TIMING)
    yield tables
    await tables.aclose()


@pytest.fixture(params=["memory", "tables"])
async def bench(request: pytest.FixtureRequest, url: str) -> AsyncIterator[Bench]:
    """Give an outbox of each kind."""
    if request.param == "memory":
        yield Bench(MemoryOutbox(SystemClock(), TIMING), None)
        return
    tables = OutboxStore(url, observer=RecordingObserver(), clock=SystemClock(), timing=TIMING)
    yield Bench(tables, url)
    await tables.aclose()


async def test_an_empty_outbox_polls_as_the_first_epoch(bench: Bench) -> None:
    """Before any write there is epoch 0, which no primary stands for, and no row."""
    assert (0, "", (), True) == tuple(await bench.outbox.poll())


async def test_a_poll_shows_what_was_committed(bench: Bench) -> None:
    """A poll begun after a commit shows its rows, in the order of their ids."""
    await bench.commit(entity="1")
    await bench.commit(entity=None)

    snapshot = await bench.outbox.poll()

    shown = [(row.kind, row.tenant, row.domain, row.entity) for row in snapshot.rows]
    assert [(OutboxKind.WRITE, 1, "notes", "1"), (OutboxKind.WRITE, 1, "notes", None)] == shown
    assert snapshot.complete
    assert snapshot.shows_any([snapshot.rows[0].id, 0])
    assert not snapshot.shows_any([0])


async def test_more_rows_than_a_poll_carries_are_told(bench: Bench) -> None:
    """A poll cut off at its limit says so, shows suspensions first, and may show any row."""
    for _ in range(4):
        await bench.commit()
    await bench.outbox.suspend()

    snapshot = await bench.outbox.poll()

    assert (OutboxKind.SUSPENDED, 3) == (snapshot.rows[0].kind, len(snapshot.rows))
    assert not snapshot.complete
    assert snapshot.shows_any([0])


async def test_rows_are_resolved_for_the_current_primary_alone(bench: Bench) -> None:
    """Rows are deleted by the incarnation that the current epoch names, and by no other."""
    await bench.commit()
    await bench.commit()
    first, second = await bench.ids()
    await bench.outbox.adopt(0, "run-1")

    await bench.outbox.resolve([first, second], "run-2")
    assert [first, second] == await bench.ids()

    await bench.outbox.resolve([first], "run-1")
    assert [second] == await bench.ids()
    assert not await bench.outbox.holds_any([first])
    assert await bench.outbox.holds_any([first, second])


async def test_ids_are_never_used_twice(bench: Bench) -> None:
    """A row written after another was deleted is not taken for it."""
    await bench.commit()
    [first] = await bench.ids()
    await bench.outbox.adopt(0, "run-1")
    await bench.outbox.resolve([first], "run-1")

    await bench.commit()

    assert first not in await bench.ids()


async def test_an_unknown_primary_becomes_the_next_epoch(bench: Bench) -> None:
    """Who names it first wins; who comes second finds it done."""
    assert await bench.outbox.adopt(0, "run-1")
    assert await bench.outbox.adopt(0, "run-1")

    snapshot = await bench.outbox.poll()
    assert (1, "run-1") == (snapshot.epoch, snapshot.incarnation)


async def test_a_primary_of_an_older_epoch_is_over(bench: Bench) -> None:
    """An incarnation that was current before another is not adopted, but can be made current again."""
    await bench.outbox.adopt(0, "run-1")
    await bench.outbox.adopt(1, "run-2")

    assert not await bench.outbox.adopt(2, "run-1")
    assert (2, "run-2") == tuple(await bench.outbox.poll())[:2]

    await bench.outbox.adopt_again(2, "run-1")
    assert (3, "run-1") == tuple(await bench.outbox.poll())[:2]


async def test_an_epoch_is_named_once(bench: Bench) -> None:
    """Two workers that name different primaries after the same epoch: one of them does."""
    assert await bench.outbox.adopt(0, "run-1")
    assert await bench.outbox.adopt(0, "run-2")
    await bench.outbox.adopt_again(0, "run-3")

    assert (1, "run-1") == tuple(await bench.outbox.poll())[:2]


async def test_there_is_one_suspension(bench: Bench) -> None:
    """Suspending twice leaves one row, which is resolved as any other."""
    await bench.outbox.suspend()
    await bench.outbox.suspend()
    [suspension] = await bench.outbox.suspensions()
    await bench.outbox.adopt(0, "run-1")

    await bench.outbox.resolve([suspension], "run-1")

    assert [] == list(await bench.outbox.suspensions())


async def test_news_reach_whoever_listens(tables: OutboxStore) -> None:
    """What one worker tells wakes the others on PostgreSQL, and itself on SQLite."""
    await tables.poll()

    await tables.notify(OutboxNews.ASKED)

    assert OutboxNews.ASKED is await asyncio.wait_for(tables.notified(), 5)


async def test_news_reach_other_processes_on_postgresql(tables: OutboxStore, url: str) -> None:
    """Another process's news arrive on PostgreSQL; on SQLite the next poll finds what they are about."""
    if "sqlite" in url:
        await tables.notify(OutboxNews.RESOLVED)
    else:
        await tables.poll()
        other = OutboxStore(url, observer=RecordingObserver(), clock=SystemClock(), timing=TIMING)
        await other.notify(OutboxNews.RESOLVED)
        await other.aclose()

    assert OutboxNews.RESOLVED is await asyncio.wait_for(tables.notified(), 5)


async def test_unread_news_are_bounded(tables: OutboxStore) -> None:
    """News that nobody reads take no more than a small queue."""
    await tables.poll()
    for _ in range(80):
        await tables.notify(OutboxNews.ASKED)

    assert OutboxNews.ASKED is await asyncio.wait_for(tables.notified(), 5)


async def test_a_poll_survives_the_loss_of_its_connection(tables: OutboxStore) -> None:
    """A broken connection fails one poll at most; the next opens another."""
    await tables.poll()
    connection = tables._connection
    assert connection is not None
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.close()

    with suppress(Exception):
        await tables.poll()

    assert 0 == (await tables.poll()).epoch


async def test_an_unreachable_database_fails_in_the_kits_words() -> None:
    """Every call raises the kit's error where the database cannot be reached."""
    url = f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/nowhere"
    tables = OutboxStore(url, observer=RecordingObserver(), clock=SystemClock(), timing=TIMING)

    with pytest.raises(DatabaseError):
        await tables.poll()
    with pytest.raises(DatabaseError):
        await tables.suspend()

    await tables.aclose()


@pytest.fixture
def switch(tables: OutboxStore) -> DurableSwitch:
    """Give the switch on each database."""
    return DurableSwitch(tables, SystemClock())


async def test_off_is_a_row_that_no_relay_removes(tables: OutboxStore, switch: DurableSwitch) -> None:
    """What an operator switched off stays off until an operator switches it on."""
    await tables.adopt(0, "run-1")
    await switch.turn_off(tenant=1, domain="notes")
    snapshot = await tables.poll()

    await tables.resolve([row.id for row in snapshot.rows], "run-1")

    assert [(1, "notes")] == list(await switch.off())
    assert [OutboxKind.OFF] == [row.kind for row in (await tables.poll()).rows]


async def test_on_again_leaves_a_write_for_a_tenants_domain(
    tables: OutboxStore, switch: DurableSwitch
) -> None:
    """A tenant's domain comes back with a write row: its entries from before are stale."""
    await switch.turn_off(tenant=1, domain="notes")
    await switch.turn_on(tenant=1, domain="notes")

    rows = (await tables.poll()).rows

    assert [(OutboxKind.WRITE, 1, "notes", None)] == [
        (row.kind, row.tenant, row.domain, row.entity) for row in rows
    ]


@pytest.mark.parametrize(("tenant", "domain"), [(None, None), (1, None), (None, "notes")])
async def test_on_again_for_more_begins_an_epoch(
    tables: OutboxStore, switch: DurableSwitch, tenant: int | None, domain: str | None
) -> None:
    """Wider scopes come back under a new epoch of the same primary, as often as an operator likes."""
    await tables.adopt(0, "run-1")
    for _ in range(2):
        await switch.turn_off(tenant=tenant, domain=domain)
        await switch.turn_on(tenant=tenant, domain=domain)

    assert (3, "run-1", (), True) == tuple(await tables.poll())


async def test_one_scope_comes_back_without_the_others(switch: DurableSwitch) -> None:
    """Each scope is switched by itself."""
    await switch.turn_off()
    await switch.turn_off(domain="notes")
    await switch.turn_on(domain="notes")

    assert [(None, None)] == list(await switch.off())
