"""A circuit breaker before the store: a hung store costs one timeout, then nothing.

Closed, open, half-open as in Nygard's Release It!. It opens at the first failure, because
a failure here is a whole round trip on which hundreds of lookups may have waited; and it is
probed behind the back of lookups, so none of them ever waits for a probe.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from monitor.cache.cache_observer import BreakerState
from monitor.clock import Clock

_log = structlog.get_logger(__name__)


class CircuitBreaker:
    """Counts failures in a row and says whether the store may be called.

    Args:
        clock: Monotonic time.
        changed: Called with each new state.
        failures_to_open: Failed round trips in a row that open it.
        open_s: How long it stays open before the first probe; doubled by each failed probe.
        open_max_s: The longest it stays open before a probe.
    """

    def __init__(
        self,
        clock: Clock,
        changed: Callable[[BreakerState], None],
        *,
        failures_to_open: int = 1,
        open_s: float = 0.1,
        open_max_s: float = 5.0,
    ) -> None:
        self._clock = clock
        self._changed = changed
        self._failures_to_open = failures_to_open
        self._first_open_s = open_s
        self._open_max_s = open_max_s
        self._open_s = open_s
        self._failures = 0
        self._retry_at = 0.0
        self._opened_at = 0.0
        self.state: BreakerState = BreakerState.CLOSED

    @property
    def closed(self) -> bool:
        return self.state is BreakerState.CLOSED

    def probe_due(self) -> bool:
        """Say whether an open breaker has waited long enough; the caller that hears True probes."""
        if self.state is not BreakerState.OPEN or self._clock.monotonic() < self._retry_at:
            return False
        self._become(BreakerState.HALF_OPEN)
        return True

    def succeeded(self) -> None:
        """Note an answered round trip."""
        self._failures = 0
        if self.state is BreakerState.HALF_OPEN:
            self._open_s = self._first_open_s
            self._become(BreakerState.CLOSED)
            _log.warning("cache_breaker_closed", seconds=round(self._clock.monotonic() - self._opened_at, 3))

    def failed(self) -> None:
        """Note a round trip that was not answered."""
        self._failures += 1
        if self.state is BreakerState.HALF_OPEN:
            self._open_s = min(self._open_s * 2, self._open_max_s)
            self._open()
        elif self.state is BreakerState.CLOSED and self._failures >= self._failures_to_open:
            self._opened_at = self._clock.monotonic()
            self._open()
            _log.warning("cache_breaker_opened", count=self._failures)

    def _open(self) -> None:
        self._retry_at = self._clock.monotonic() + self._open_s
        self._become(BreakerState.OPEN)

    def _become(self, state: BreakerState) -> None:
        self.state = state
        self._changed(state)
