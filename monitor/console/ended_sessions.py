"""Which sessions were ended before their time, known to every worker through the shared store.

A sealed cookie would be taken until it runs out, whoever kept a copy of it. So a sign-out leaves a
mark in the cache's store, which each worker looks for before it takes a session. The store is a
cache: it may be away, or lose a mark with all else that it holds. While it does not answer, only a
cookie that was set less than five minutes ago is taken, so that an operator can work in the very
outage that the console is for, and a session that was ended lives that long at most.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import structlog

from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.errors import StoreUnavailable

UNPROVED_S: Final = 300.0
_MOST_KEPT: Final = 1_000
_log = structlog.get_logger(__name__)


class EndedSessions:
    """Ends sessions for all workers, and says which have been.

    Args:
        store: The cache's shared store; one in memory serves a single worker.
        clock: Wall-clock time.
        prefix: What the store's keys begin with.
    """

    def __init__(self, store: Store, clock: Clock, prefix: str = "") -> None:
        self._store = store
        self._clock = clock
        self._prefix = prefix
        self._here: dict[str, float] = {}  # what this worker ended itself, and until when it matters

    async def end(self, visit: str, until: float) -> bool:
        """End a session; say whether every worker can know of it.

        Args:
            visit: The session's id.
            until: When it would have ended by itself, in seconds since the Unix epoch.
        """
        now = self._clock.time()
        self._here = {name: ends for name, ends in self._here.items() if ends > now}
        if len(self._here) < _MOST_KEPT:
            self._here[visit] = until
        try:
            await self._store.write(self._key(visit), b"ended", max(1.0, until - now))
        except StoreUnavailable as failure:
            _log.warning("console_sign_out_untold", reason=failure.reason)
            return False
        return True

    async def has(self, visit: str, sealed_at: float) -> bool:
        """Say whether a session has been ended, or cannot be proved not to have been.

        Args:
            visit: The session's id.
            sealed_at: When its cookie was set, in seconds since the Unix epoch.
        """
        if visit in self._here:
            return True
        try:
            reading = await self._store.read((self._key(visit),))
        except StoreUnavailable:
            return self._clock.time() - sealed_at >= UNPROVED_S
        return reading.values[0] is not None

    def _key(self, visit: str) -> str:
        # The id is a secret that forms are proved by; the store sees its hash.
        return f"{self._prefix}console:ended:{{{sha256(visit.encode()).hexdigest()[:32]}}}"
