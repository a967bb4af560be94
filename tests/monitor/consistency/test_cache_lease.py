"""What a lease allows, and for how long."""

from __future__ import annotations

import asyncio

import pytest

from monitor.consistency.cache_lease import CacheLease, LeaseState
from monitor.consistency.outbox_statements import OutboxRow, OutboxSnapshot
from monitor.consistency.protocol import Timing
from monitor.database.kit_tables import OutboxKind
from monitor.testing.fakes import ManualClock

TIMING = Timing()
ALL = (None, None)


def snapshot(*scopes: tuple[int | None, str | None], complete: bool = True, epoch: int = 1) -> OutboxSnapshot:
    rows = tuple(
        OutboxRow(number, OutboxKind.OFF, tenant, domain, None, 0.0)
        for number, (tenant, domain) in enumerate(scopes, 1)
    )
    return OutboxSnapshot(epoch, f"run-{epoch}", rows, complete)


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that the test moves."""
    return ManualClock()


@pytest.fixture
def lease(clock: ManualClock) -> CacheLease:
    """Give a lease that is through its first quarantine."""
    lease = CacheLease(clock, TIMING)
    lease.renew(clock.monotonic(), snapshot())
    clock.advance(TIMING.any_lease_s + 0.001)
    lease.renew(clock.monotonic(), snapshot())
    return lease


def test_a_worker_that_never_polled_bypasses(clock: ManualClock) -> None:
    """Without a poll there is no lease and no epoch to recognise."""
    lease = CacheLease(clock, TIMING)

    assert (None, None, LeaseState.EXPIRED) == (lease.admits(1, "notes"), lease.confirms(), lease.state)
    assert not lease.recognises(-1, "")
    assert not lease.no_longer_shows([1], 0.0)


def test_a_poll_admits_for_the_length_of_the_lease(lease: CacheLease, clock: ManualClock) -> None:
    """A lease counts from the poll's start and ends sharp."""
    assert (1, LeaseState.HELD) == (lease.admits(1, "notes"), lease.state)

    clock.advance(TIMING.lease_s - 0.001)
    assert 1 == lease.admits(1, "notes")

    clock.advance(0.001)
    assert (None, LeaseState.EXPIRED) == (lease.admits(1, "notes"), lease.state)


def test_an_epoch_begins_with_a_quarantine(lease: CacheLease, clock: ManualClock) -> None:
    """A new epoch is neither used nor confirmed under until every older lease has run out."""
    lease.renew(clock.monotonic(), snapshot(epoch=2))
    assert (None, None, LeaseState.QUARANTINED) == (lease.admits(1, "a"), lease.confirms(), lease.state)

    clock.advance(TIMING.any_lease_s + 0.001)
    lease.renew(clock.monotonic(), snapshot(epoch=2))
    assert (2, 2) == (lease.admits(1, "a"), lease.confirms())


def test_only_the_epochs_own_primary_is_recognised(lease: CacheLease, clock: ManualClock) -> None:
    """Neither another run under this epoch nor this run under another epoch is recognised."""
    assert lease.recognises(1, "run-1")
    assert not lease.recognises(1, "run-2")
    assert not lease.recognises(2, "run-1")

    lease.renew(clock.monotonic(), OutboxSnapshot(3, "", (), complete=True))
    assert not lease.recognises(3, "")


@pytest.mark.parametrize(
    ("suspect", "bypassed"),
    [
        ((1, "notes"), {(1, "notes")}),
        ((1, None), {(1, "notes"), (1, "pages")}),
        ((None, "notes"), {(1, "notes"), (2, "notes")}),
        (ALL, {(1, "notes"), (1, "pages"), (2, "notes"), (2, "pages")}),
    ],
)
def test_a_row_makes_its_scope_suspect(
    lease: CacheLease,
    clock: ManualClock,
    suspect: tuple[int | None, str | None],
    bypassed: set[tuple[int, str]],
) -> None:
    """What a row names is bypassed, the rest is not, and writes are confirmed all the same."""
    lease.renew(clock.monotonic(), snapshot(suspect))

    asked = {(tenant, domain) for tenant in (1, 2) for domain in ("notes", "pages")}
    assert bypassed == {scope for scope in asked if lease.admits(*scope) is None}
    assert 1 == lease.confirms()


def test_more_rows_than_a_poll_carries_make_everything_suspect(lease: CacheLease, clock: ManualClock) -> None:
    """What a poll could not show may be about anything."""
    lease.renew(clock.monotonic(), snapshot((1, "notes"), complete=False))

    assert (None, LeaseState.SUSPENDED) == (lease.admits(2, "pages"), lease.state)


def test_rows_are_gone_for_polls_begun_after_the_commit_alone(lease: CacheLease, clock: ManualClock) -> None:
    """A poll begun before the commit, or at the same instant, says nothing about its rows."""
    committed_at = clock.monotonic()
    lease.renew(committed_at, snapshot())
    assert not lease.no_longer_shows([1], committed_at)

    clock.advance(0.001)
    lease.renew(clock.monotonic(), snapshot((1, "notes")))
    assert not lease.no_longer_shows([1], committed_at)
    assert lease.no_longer_shows([2], committed_at)


def test_a_suspension_must_be_the_same_all_the_while(lease: CacheLease, clock: ManualClock) -> None:
    """A suspension that ended and began again is as young as its second beginning."""

    def suspended(row: int) -> OutboxSnapshot:
        rows = (OutboxRow(row, OutboxKind.SUSPENDED, None, None, None, 0.0),)
        return OutboxSnapshot(1, "run-1", rows, complete=True)

    lease.renew(clock.monotonic(), suspended(7))
    clock.advance(TIMING.any_lease_s)
    assert lease.has_long_known([7])
    assert not lease.has_long_known([8])
    assert not lease.has_long_known([])

    lease.renew(clock.monotonic(), suspended(8))
    assert not lease.has_long_known([7])
    assert not lease.has_long_known([8])


async def test_a_renewal_wakes_who_waits_for_it(lease: CacheLease, clock: ManualClock) -> None:
    """Writers wait for the next poll, or for as long as they can."""
    waiting = asyncio.create_task(lease.renewed(within_s=1.0))
    limited = asyncio.create_task(lease.renewed(within_s=0.5))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert True is lease.is_awaited

    clock.advance(0.5)
    await limited
    assert not waiting.done()

    lease.renew(clock.monotonic(), snapshot())
    await waiting
    assert False is lease.is_awaited
