"""A session that was ended is taken by no worker, and by none for long where that cannot be known."""

from __future__ import annotations

import pytest

from monitor.cache.memory_store import MemoryStore
from monitor.clock import SystemClock
from monitor.console.ended_sessions import UNPROVED_S, EndedSessions
from monitor.redis.open_store import open_store
from monitor.testing.fakes import ManualClock, RecordingObserver


def of(url: str, clock: ManualClock) -> EndedSessions:
    store = open_store(url, clock=SystemClock(), observer=RecordingObserver(), timeout_s=3.0)
    return EndedSessions(store, clock, "clinic:")


async def test_every_worker_knows_what_one_has_ended(redis_url: str) -> None:
    """The mark stands in the shared store until the session would have ended by itself."""
    clock = ManualClock()
    one, other = of(redis_url, clock), of(redis_url, clock)

    assert await one.end("visit-1", clock.time() + 60)

    assert await one.has("visit-1", clock.time())
    assert await other.has("visit-1", clock.time())
    assert not await other.has("visit-2", clock.time())
    await one._store.aclose()
    await other._store.aclose()


async def test_while_the_store_is_away_young_cookies_alone_are_taken() -> None:
    """An operator may work in the outage; what cannot be proved is taken for five minutes, no longer."""
    clock = ManualClock()
    cut_off = of("redis://127.0.0.1:1/0", clock)

    assert not await cut_off.has("visit-1", clock.time() - UNPROVED_S + 1)
    assert await cut_off.has("visit-1", clock.time() - UNPROVED_S)
    await cut_off._store.aclose()


async def test_the_worker_that_ended_it_needs_no_store() -> None:
    """Where the store could not be told the sign-out still holds here, and says that others do not know."""
    clock = ManualClock()
    cut_off = of("redis://127.0.0.1:1/0", clock)

    assert not await cut_off.end("visit-1", clock.time() + 60)

    assert await cut_off.has("visit-1", clock.time())
    await cut_off._store.aclose()


@pytest.mark.parametrize("left_s", [-5.0, 0.0])
async def test_a_session_that_is_over_anyway_can_be_ended(left_s: float) -> None:
    """A sign-out in the last moment is a sign-out."""
    clock = ManualClock()
    ended = EndedSessions(MemoryStore(clock), clock)

    assert await ended.end("visit-1", clock.time() + left_s)
    assert await ended.has("visit-1", clock.time())
