"""Refreshing: what a write may rely on."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from monitor.cache.admission import AlwaysAdmitted
from monitor.cache.lookup import Refreshed
from monitor.cache.memory_store import MemoryStore
from monitor.errors import StoreUnavailable
from monitor.testing.fakes import FaultyStore, ManualClock
from tests.monitor.cache.conftest import make_bench, scope


class Steps(AlwaysAdmitted):
    """An admission that answers `confirms` from a list."""

    def __init__(self, *epochs: int | None) -> None:
        super().__init__()
        self._epochs = list(epochs)

    def confirms(self) -> int | None:
        return self._epochs.pop(0)


async def refreshed(admission: AlwaysAdmitted, clock: ManualClock) -> Refreshed:
    return await make_bench(MemoryStore(clock), clock, admission=admission).cache.refresh([scope()])


async def test_a_refresh_is_confirmed_when_all_was_answered_under_one_epoch(clock: ManualClock) -> None:
    """Every SET answered, and the worker could confirm before and after."""
    assert (await refreshed(Steps(0, 0), clock)).confirmed


@pytest.mark.parametrize("epochs", [(None, 0), (0, None), (0, 1), (None, None)])
async def test_a_worker_that_could_not_confirm_at_either_end_does_not(
    epochs: tuple[int | None, int | None], clock: ManualClock
) -> None:
    """A lease lost or an epoch changed around the SETs leaves the row to a relay."""
    answer = await refreshed(Steps(*epochs), clock)

    assert not answer.confirmed
    assert answer.incarnation is not None


async def test_a_failing_store_is_no_error_and_no_confirmation(clock: ManualClock) -> None:
    """The write goes on; its outbox row will see to it."""
    store = FaultyStore(MemoryStore(clock))
    store.fail("replace")
    bench = make_bench(store, clock)
    with capture_logs() as lines:
        answer = await bench.cache.refresh([scope()])

    assert answer == Refreshed(confirmed=False, incarnation=None)
    assert [line["event"] for line in lines] == ["cache_refresh_failed"]
    assert bench.observer.of("invalidated")[0][3] is False


async def test_many_scopes_are_one_round_trip(clock: ManualClock) -> None:
    """A rename that touches two domains is one pipeline, and each scope is observed."""
    store = FaultyStore(MemoryStore(clock))
    bench = make_bench(store, clock)

    assert (await bench.cache.refresh([scope(entity="7"), scope(domain="appointments")])).confirmed
    assert store.calls == ["replace"]
    assert [call[1] for call in bench.observer.of("invalidated")] == ["contacts", "appointments"]


async def test_the_incarnation_is_none_while_nobody_answers(clock: ManualClock) -> None:
    """A relay asks who answers, and is told when nobody does."""
    store = FaultyStore(MemoryStore(clock))
    bench = make_bench(store, clock)

    assert await bench.cache.incarnation() == await store.ping()
    store.fail("ping")
    assert await bench.cache.incarnation() is None


async def test_a_store_that_takes_no_value_is_out_of_reach(clock: ManualClock) -> None:
    """Health and the relay ask by storing something: an answered ping confirms no invalidation."""
    store = FaultyStore(MemoryStore(clock))
    bench = make_bench(store, clock)
    await bench.cache.reach()
    assert (await bench.cache.prove()).confirmed

    store.fail("probe")
    with pytest.raises(StoreUnavailable):
        await bench.cache.reach()
    assert await bench.cache.prove() == Refreshed(confirmed=False, incarnation=None)


async def test_a_reconnect_reaches_the_store(clock: ManualClock) -> None:
    """A worker can leave a server whose epoch is over."""
    store = FaultyStore(MemoryStore(clock))
    await make_bench(store, clock).cache.reconnect()

    assert store.calls == ["reconnect"]
