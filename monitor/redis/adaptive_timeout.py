"""How long a round trip is waited for, on a machine that may itself be short of time."""

from __future__ import annotations

# RFC 6298, 2.3 and 5.5: weights of a new reading, deviations to wait for, and the step after a false alarm.
_ALPHA, _BETA, _DEVIATIONS, _STEP = 1 / 8, 1 / 4, 4, 2.0
_MOST = 8.0  # times the least
_BRIEF_S = 0.5
_CALM_S = 5.0


class AdaptiveTimeout:
    """TCP's retransmission timer (RFC 6298) over a connection's own round trips, with a floor and a ceiling.

    Where processes wait for a core, answers come late though nobody hangs. A breaker that opened
    at each of them would send an overloaded service to its database as well, and keep it there.
    A server that hangs, however, answers quickly up to that moment, so it costs no more than the floor.

    Args:
        least_s: The shortest time waited for an answer; the longest is eight times that.
    """

    __slots__ = ("_alarm_at", "_deviation_s", "_factor", "_gave_up_at", "_least_s", "_smooth_s", "seconds")

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s
        self._smooth_s = 0.0
        self._deviation_s = 0.0
        self._factor = 1.0
        self._alarm_at = 0.0
        self._gave_up_at: float | None = None
        self.seconds: float = least_s

    def answered(self, trip_s: float, now: float) -> None:
        """Note a round trip that was answered at `now`, in monotonic seconds."""
        self._deviation_s += _BETA * (abs(self._smooth_s - trip_s) - self._deviation_s)
        self._smooth_s += _ALPHA * (trip_s - self._smooth_s)
        if self._gave_up_at is not None:
            # An answer so soon after an alarm: the server was there all the time.
            if now - self._gave_up_at < _BRIEF_S:
                self._factor, self._alarm_at = min(self._factor * _STEP, _MOST), now
            self._gave_up_at = None
        elif self._factor > 1.0 and now - self._alarm_at > _CALM_S:
            self._factor, self._alarm_at = self._factor / _STEP, now
        expected_s = max(self._least_s, self._smooth_s + _DEVIATIONS * self._deviation_s)
        self.seconds = min(expected_s * self._factor, self._least_s * _MOST)

    def gave_up(self, now: float) -> None:
        """Note that one was not answered in time."""
        if self._gave_up_at is None:
            self._gave_up_at = now
