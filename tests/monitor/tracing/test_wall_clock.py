"""Monotonic readings are dated without a jump inside a trace."""

from __future__ import annotations

from monitor.tracing.wall_clock import WallClock


class SteppedClock:
    """A clock whose wall can be stepped."""

    def __init__(self) -> None:
        self.running, self.wall = 100.0, 1_750_000_000.0

    def monotonic(self) -> float:
        return self.running

    def time(self) -> float:
        return self.wall

    async def sleep(self, seconds: float) -> None:
        self.running += seconds


def test_readings_become_dates_and_back() -> None:
    """The conversion keeps differences to the nanosecond."""
    epoch = WallClock(SteppedClock())

    start, end = epoch.nanoseconds(100.0), epoch.nanoseconds(100.25)

    assert (start, end - start) == (1_750_000_000_000_000_000, 250_000_000)
    assert epoch.seconds(end) == 100.25


def test_a_stepped_wall_clock_is_followed_between_traces_only() -> None:
    """Dates stay consistent until the next refresh, and are right after it."""
    clock = SteppedClock()
    epoch = WallClock(clock)

    clock.wall += 3_600.0

    assert epoch.nanoseconds(100.0) == 1_750_000_000_000_000_000
    epoch.refresh()
    assert epoch.nanoseconds(100.0) == 1_750_003_600_000_000_000


def test_small_differences_are_no_steps() -> None:
    """Clocks that are a little apart are left as they are, so that no span moves."""
    clock = SteppedClock()
    epoch = WallClock(clock)

    clock.wall += 0.0005
    epoch.refresh()

    assert epoch.nanoseconds(100.0) == 1_750_000_000_000_000_000
