"""Workers that die are restarted by themselves, after pauses that grow."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from granian.server.common import AbstractServer
from hypothesis import given
from hypothesis import strategies as st

from app.worker_restarts import LONGEST_PAUSE_S, GrowingPauses, RestartCount
from monitor.testing.fakes import ManualClock


def test_the_first_death_is_answered_at_once_and_later_ones_wait_longer() -> None:
    """A worker that keeps dying is given half a second, one, two; its neighbour is not concerned."""
    clock = ManualClock()
    pauses = GrowingPauses(clock.monotonic)

    assert [pauses.died(0) for _ in range(4)] == [0.0, 0.5, 1.0, 2.0]
    assert pauses.died(1) == 0.0


def test_a_worker_that_lived_is_forgiven() -> None:
    """After a long life the next death is a first one again."""
    clock = ManualClock()
    pauses = GrowingPauses(clock.monotonic)
    for _ in range(5):
        pauses.died(0)

    clock.advance(3_600)

    assert pauses.died(0) == 0.0


@given(st.lists(st.floats(0, 200), max_size=60))
def test_no_pause_is_longer_than_the_longest(lives: Sequence[float]) -> None:
    """However often a worker dies, it is tried again within half a minute."""
    clock = ManualClock()
    pauses = GrowingPauses(clock.monotonic)
    for life in lives:
        clock.advance(life)
        assert 0 <= pauses.died(0) <= LONGEST_PAUSE_S


def test_each_restart_is_counted_once() -> None:
    """Whoever takes the count leaves none for the next one."""
    count = RestartCount()
    count.add()
    count.add()

    assert (count.take(), count.take()) == (2, 0)


def test_granian_has_what_the_restarts_stand_on() -> None:
    """An upgrade that renames any of it fails here: look at the crash-loop guard and at our restarts anew."""
    source = inspect.getsource(AbstractServer)
    signature = inspect.signature(AbstractServer._respawn_workers)
    known: dict[str, Any] = dict(signature.parameters)

    assert list(known) == ["self", "workers", "spawn_target", "target_loader", "delay"]
    assert "self.respawned_wrks.get(idx, 0) <= 5.5" in source
    for name in ("interrupt_children", "main_loop_interrupt", "respawned_wrks"):
        assert f"self.{name}" in source
