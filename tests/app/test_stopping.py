"""A stop is seen by every worker at once, and comes after the pause."""

from __future__ import annotations

import threading
from multiprocessing import get_context

import pytest

from app.stopping import Stopping


def test_the_stop_comes_after_the_pause() -> None:
    """The flag stands at once; the server is stopped once, later, from another thread."""
    stopping, stopped = Stopping(0.01), threading.Event()

    stopping.begin(stopped.set)

    assert stopping.is_under_way()
    assert stopped.wait(10)


@pytest.mark.parametrize("pause_s", [0.0, 600.0])
def test_no_pause_and_a_second_signal_stop_at_once(pause_s: float) -> None:
    """Whoever asks again does not want to wait."""
    stopping, calls = Stopping(pause_s), list[int]()
    if pause_s:
        stopping.begin(lambda: calls.append(1))
        assert [] == calls

    stopping.begin(lambda: calls.append(2))

    assert [2] == calls


def test_a_spawned_worker_sees_it() -> None:
    """What the main process has begun is under way in a process that was spawned before."""
    stopping, context = Stopping(600), get_context("spawn")
    seen = context.Event()
    worker = context.Process(target=_wait_for, args=(stopping, seen), daemon=True)
    worker.start()

    stopping.begin(lambda: None)

    assert seen.wait(60)
    worker.join(60)


def _wait_for(stopping: Stopping, seen: threading.Event) -> None:
    while not stopping.is_under_way():
        pass
    seen.set()
