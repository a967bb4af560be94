"""Log lines about a failing store, few enough to read while it fails a thousand times a second."""

from __future__ import annotations

import structlog

from monitor.clock import Clock
from monitor.errors import StoreUnavailable

_log = structlog.get_logger(__name__)


class Complaints:
    """One line a second for each domain and reason, with how many it stands for.

    Args:
        clock: Monotonic time.
        every_s: Least time between two lines about the same, in seconds.
    """

    def __init__(self, clock: Clock, every_s: float = 1.0) -> None:
        self._clock = clock
        self._every_s = every_s
        self._last: dict[tuple[str, str], tuple[float, int]] = {}

    def complain(self, domain: str, failure: StoreUnavailable) -> None:
        """Log that a lookup of `domain` was answered without the store."""
        now = self._clock.monotonic()
        about = (domain, failure.reason)
        last, silent = self._last.get(about, (now - self._every_s, 0))
        if now - last < self._every_s:
            self._last[about] = (last, silent + 1)
            return
        self._last[about] = (now, 0)
        _log.warning(
            "cache_bypassed",
            domain=domain,
            operation=failure.operation,
            reason=failure.reason,
            lookups=silent + 1,
        )
