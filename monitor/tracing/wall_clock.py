"""Monotonic seconds as nanoseconds since the Unix epoch, without a jump inside a trace."""

from __future__ import annotations

from collections.abc import Callable

from monitor.clock import Clock

_NANO = 1_000_000_000
_TOLERANCE_S = 0.001


class WallClock:
    """Converts readings of one clock; spans are timed monotonically and dated here.

    Both clocks are read together once and again only when they have come apart (the wall
    clock was stepped), so that spans of one trace never overlap by a correction of time.

    Attributes:
        monotonic: The clock's monotonic reading.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.monotonic: Callable[[], float] = clock.monotonic
        self._anchor()

    def _anchor(self) -> None:
        self._seconds = self._clock.monotonic()
        self._nanoseconds = round(self._clock.time() * _NANO)

    def refresh(self) -> None:
        """Read both clocks anew if the wall clock was stepped."""
        ahead = self._clock.time() - self.nanoseconds(self._clock.monotonic()) / _NANO
        if abs(ahead) > _TOLERANCE_S:
            self._anchor()

    def nanoseconds(self, seconds: float) -> int:
        """Return the date of a monotonic reading."""
        return self._nanoseconds + round((seconds - self._seconds) * _NANO)

    def seconds(self, nanoseconds: int) -> float:
        """Return the monotonic reading of a date."""
        return self._seconds + (nanoseconds - self._nanoseconds) / _NANO
