"""The durable switch by share, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from monitor.cache.rollout import SwitchScope
from monitor.clock import SystemClock
from monitor.consistency.cache_lease import CacheLease
from monitor.consistency.durable_switch import DurableSwitch
from monitor.consistency.outbox_store import OutboxStore
from monitor.consistency.protocol import Timing
from monitor.database.kit_tables import OutboxKind
from monitor.testing.fakes import ManualClock, RecordingObserver

TIMING = Timing(poll_limit=3)
SCOPES: tuple[SwitchScope, ...] = ((None, None), (1, None), (None, "notes"), (1, "notes"))


@pytest.fixture
async def tables(url: str) -> AsyncIterator[OutboxStore]:
    """Give the outbox on each database, under its first primary."""
    tables = OutboxStore(url, observer=RecordingObserver(), clock=SystemClock(), timing=TIMING)
    await tables.adopt(0, "run-1")
    yield tables
    await tables.aclose()


@pytest.fixture
def switch(tables: OutboxStore) -> DurableSwitch:
    """Give the switch on each database."""
    return DurableSwitch(tables, SystemClock())


@pytest.mark.parametrize(("tenant", "domain"), SCOPES)
async def test_a_share_is_kept_and_can_be_changed_and_taken_back(
    tables: OutboxStore, switch: DurableSwitch, tenant: int | None, domain: str | None
) -> None:
    """The last one counts; nothing but the switch's own row waits in the outbox for it."""
    for share in (0.25, 0.5):
        await switch.set_share(share, tenant=tenant, domain=domain)
    snapshot = await tables.poll()

    assert snapshot.shares == await switch.positions() == {(tenant, domain): 0.5}
    assert [row.kind for row in snapshot.rows] == [OutboxKind.OFF]
    assert list(await switch.off()) == []

    await switch.turn_on(tenant=tenant, domain=domain)
    assert await switch.positions() == {}


@pytest.mark.parametrize(("tenant", "domain"), SCOPES)
async def test_a_share_of_something_that_was_off_revives_nothing(
    tables: OutboxStore, switch: DurableSwitch, tenant: int | None, domain: str | None
) -> None:
    """It comes back as a whole does: with a write row for one tenant's domain, a new epoch for more."""
    await switch.turn_off(tenant=tenant, domain=domain)
    await switch.set_share(0.5, tenant=tenant, domain=domain)
    snapshot = await tables.poll()

    wide = tenant is None or domain is None
    assert snapshot.epoch == (2 if wide else 1)
    assert (OutboxKind.WRITE in [row.kind for row in snapshot.rows]) is not wide


async def test_another_scope_that_is_off_is_left_alone(tables: OutboxStore, switch: DurableSwitch) -> None:
    """Whether something was off is asked of exactly its scope."""
    await switch.turn_off(domain="letters")
    await switch.set_share(0.5, domain="notes")

    assert await switch.positions() == {(None, "letters"): 0.0, (None, "notes"): 0.5}
    assert (await tables.poll()).epoch == 1


async def test_off_replaces_a_share(switch: DurableSwitch) -> None:
    """And on again takes both back."""
    await switch.set_share(0.5, domain="notes")
    await switch.turn_off(domain="notes")
    assert await switch.positions() == {(None, "notes"): 0.0}

    await switch.turn_on(domain="notes")
    assert await switch.positions() == {}


async def test_a_share_makes_nothing_suspect(tables: OutboxStore, switch: DurableSwitch) -> None:
    """The lease goes on; off ends it for its scope alone."""
    lease = CacheLease(ManualClock(), TIMING, shared=False)
    await switch.set_share(0.5)
    await switch.turn_off(domain="letters")
    lease.renew(1_000.0, await tables.poll())

    assert lease.admits(1, "notes") == 1
    assert lease.admits(1, "letters") is None


async def test_a_share_is_no_lag(tables: OutboxStore, switch: DurableSwitch) -> None:
    """Relays leave it, and it survives their deletes."""
    await switch.set_share(0.5)
    [row] = (await tables.poll()).rows
    await tables.resolve([row.id], "run-1")

    assert await switch.positions() == {(None, None): 0.5}
