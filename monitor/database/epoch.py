"""Keeps the epoch in step with the one run of the primary that counts."""

from __future__ import annotations

from typing import Any

import structlog

from monitor.database.outbox import OutboxSnapshot
from monitor.database.protocol import Outbox, RefreshedCache


class EpochKeeper:
    """Compares the incarnation this worker reaches with the current one.

    A primary that nobody has named yet becomes the next epoch: whatever was stored before,
    on whichever server, is a miss from then on. One that was current before another never
    comes back: this worker leaves it.

    Args:
        outbox: Where epochs are kept.
        cache: Whose connection is asked.
        log: A structlog logger.
    """

    def __init__(self, outbox: Outbox, cache: RefreshedCache, log: Any = None) -> None:
        self._outbox = outbox
        self._cache = cache
        self._log = structlog.get_logger("monitor.database") if log is None else log

    async def keep(self, snapshot: OutboxSnapshot) -> str | None:
        """Return the incarnation that answers, if it is the current one; else act on it and return None."""
        incarnation = await self._cache.incarnation()
        if incarnation is None or incarnation == snapshot.incarnation:
            return incarnation
        if await self._outbox.adopt(snapshot.epoch, incarnation):
            self._log.warning("cache epoch begins", after=snapshot.epoch)
        else:
            self._log.warning("cache primary is of an older epoch", epoch=snapshot.epoch)
            await self._cache.reconnect()
        return None
