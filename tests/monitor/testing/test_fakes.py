"""The fakes that ship keep their contracts."""

from __future__ import annotations

import asyncio

from monitor.testing.fakes import ManualClock, RecordingObserver


async def test_a_manual_clock_wakes_sleepers_in_order() -> None:
    """Sleepers wake when their time has come, the earliest first."""
    clock = ManualClock()
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.ensure_future(sleeper(seconds)) for seconds in (3, 1, 2)]
    await asyncio.sleep(0)
    clock.advance(2)
    await asyncio.gather(tasks[1], tasks[2])

    assert [1, 2] == woken
    assert clock.sleepers == 1
    clock.advance(1)
    await tasks[0]


async def test_a_cancelled_sleeper_harms_nobody() -> None:
    """The clock passes over sleepers that were cancelled."""
    clock = ManualClock()
    gone = asyncio.ensure_future(clock.sleep(1))
    stays = asyncio.ensure_future(clock.sleep(1))
    await asyncio.sleep(0)
    gone.cancel()
    clock.advance(1)
    await stays

    assert gone.cancelled() or gone.cancelling()


def test_both_times_move_together() -> None:
    """Monotonic and wall time advance by the same amount."""
    clock = ManualClock(start=5.0, epoch=100.0)
    clock.advance(2.5)

    assert (clock.monotonic(), clock.time()) == (7.5, 102.5)


def test_a_step_moves_the_wall_clock_alone() -> None:
    """Durations do not notice that somebody set the clock."""
    clock = ManualClock(start=10.0, epoch=1_000.0)
    clock.step(-60.0)

    assert (clock.monotonic(), clock.time()) == (10.0, 940.0)


def test_a_recording_observer_keeps_every_call() -> None:
    """What was observed can be read back by name, in order."""
    observer = RecordingObserver()
    observer.coalesced("contacts")
    observer.filled("contacts", 10)

    assert observer.of("coalesced") == [("contacts",)]
    assert [name for name, _ in observer.calls] == ["coalesced", "filled"]
