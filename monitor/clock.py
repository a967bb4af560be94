"""Time, as something that is passed in."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Where every component takes time from; tests pass `monitor.testing.fakes.ManualClock`."""

    def monotonic(self) -> float:
        """Seconds that never go back, for durations and deadlines."""
        ...

    def time(self) -> float:
        """Seconds since the Unix epoch, for time stamps and nothing else."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""
        ...


class SystemClock:
    """The machine's own clocks."""

    # Bound as attributes so that the hot path pays no Python frame for reading the time.
    monotonic: staticmethod[[], float] = staticmethod(time.perf_counter)
    time: staticmethod[[], float] = staticmethod(time.time)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
