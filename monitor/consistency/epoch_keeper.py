"""Keeps the epoch in step with the one run of the primary that counts."""

from __future__ import annotations

from typing import Any

import structlog

from monitor.cache.cache_aside import TenantCache
from monitor.clock import Clock
from monitor.consistency.outbox_statements import OutboxSnapshot
from monitor.consistency.protocol import Outbox, Timing


class EpochKeeper:
    """Compares the incarnation this worker reaches with the current one.

    A primary that nobody has named yet becomes the next epoch: whatever was stored before,
    on whichever server, is a miss from then on. One that was current before another is left;
    if connections made since still reach it after a lease, it is the primary after all (two
    failovers in a row, named in the wrong order) and begins an epoch again.

    Args:
        outbox: Where epochs are kept.
        cache: Whose connection is asked.
        clock: Monotonic time.
        timing: The protocol's times.
        log: A structlog logger.
    """

    def __init__(
        self, *, outbox: Outbox, cache: TenantCache, clock: Clock, timing: Timing, log: Any = None
    ) -> None:
        self._outbox = outbox
        self._cache = cache
        self._clock = clock
        self._timing = timing
        self._log = structlog.get_logger("monitor.database") if log is None else log
        self._outlived: tuple[str, float] | None = None

    async def keep(self, snapshot: OutboxSnapshot) -> str | None:
        """Return the incarnation that answers, if it is the current one; else act on it and return None."""
        incarnation = await self._cache.incarnation()
        if incarnation is None:
            return None
        if incarnation == snapshot.incarnation:
            self._outlived = None
            return incarnation
        if await self._outbox.adopt(snapshot.epoch, incarnation):
            self._log.warning("cache_epoch_began", previous_epoch=snapshot.epoch)
        else:
            await self._leave(snapshot, incarnation)
        return None

    async def _leave(self, snapshot: OutboxSnapshot, incarnation: str) -> None:
        now = self._clock.monotonic()
        if self._outlived is None or self._outlived[0] != incarnation:
            self._outlived = (incarnation, now)
        if now - self._outlived[1] >= self._timing.any_lease_s:
            self._outlived = None
            self._log.warning("cache_primary_readopted", previous_epoch=snapshot.epoch)
            await self._outbox.adopt_again(snapshot.epoch, incarnation)
        else:
            self._log.warning("cache_primary_outdated", epoch=snapshot.epoch)
            await self._cache.reconnect()
