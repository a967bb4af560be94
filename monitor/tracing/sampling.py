"""Which requests are sampled at the head."""

from __future__ import annotations

from opentelemetry.trace import TraceState

from monitor.clock import Clock
from monitor.tracing.probability import NEVER, threshold_of, with_threshold, written

_RANDOM = NEVER - 1


class HeadSampler:
    """Decides by the trace id, so that every service with the same ratio decides alike.

    The rule is that of OpenTelemetry's probability sampling: the id's lower 56 bits, which are
    random, against a threshold.

    Attributes:
        state: The trace state of a trace that begins here and is sampled; it says how many
            traces each stands for.

    Args:
        ratio: Share of traces to sample, between 0 and 1.
    """

    def __init__(self, ratio: float) -> None:
        self._threshold = threshold_of(ratio)
        known = None if self._threshold == NEVER else written(self._threshold)
        self.state: TraceState = with_threshold(TraceState(), known)

    def samples(self, trace_id: int) -> bool:
        """Say whether a trace that begins here is sampled."""
        return trace_id & _RANDOM >= self._threshold


class ForcedSampling:
    """Bounds how many traces a second are sampled because a caller asked for it (a token bucket).

    Args:
        per_s: Most traces a second over time, and at once.
        clock: Monotonic time.
    """

    def __init__(self, per_s: float, clock: Clock) -> None:
        self._per_s = per_s
        self._now = clock.monotonic
        self._tokens = per_s
        self._counted_at = self._now()

    def allows(self) -> bool:
        """Say whether one more trace may be sampled at a caller's word, and count it."""
        now = self._now()
        self._tokens = min(self._per_s, self._tokens + (now - self._counted_at) * self._per_s)
        self._counted_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
