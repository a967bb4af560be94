"""Does for every row of the outbox what its writer could not.

Every worker is a relay; several that resolve the same rows do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from monitor.cache.cache_aside import TenantCache
from monitor.clock import Clock
from monitor.consistency.cache_lease import CacheLease
from monitor.consistency.epoch_keeper import EpochKeeper
from monitor.consistency.outbox_statements import OutboxRow, OutboxSnapshot
from monitor.consistency.protocol import Outbox, OutboxNews, Timing
from monitor.database.kit_tables import OutboxKind
from monitor.errors import DatabaseError
from monitor.scopes import CacheScope
from monitor.tenancy.identity import TenantId


class Relay:
    """Resolves rows for one worker.

    Args:
        outbox: Where the rows are.
        lease: Says whether this worker may confirm.
        cache: What is refreshed.
        clock: Monotonic time.
        timing: The protocol's times and limits.
        log: A structlog logger.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        lease: CacheLease,
        cache: TenantCache,
        clock: Clock,
        timing: Timing,
        log: Any = None,
    ) -> None:
        self._outbox = outbox
        self._lease = lease
        self._cache = cache
        self._timing = timing
        self._epochs = EpochKeeper(outbox=outbox, cache=cache, clock=clock, timing=timing, log=log)

    async def relay(self, snapshot: OutboxSnapshot, *, asked: bool) -> None:
        """Keep the epoch, refresh what the rows name, delete the rows that the refresh covers.

        Args:
            snapshot: What a poll of this worker saw.
            asked: Whether a writer asked for that poll and is to be told.
        """
        with suppress(DatabaseError):  # the poll tells; the rows stay for the next one
            incarnation = await self._epochs.keep(snapshot)
            if incarnation is None:
                return
            resolved = [await self._resolve(rows) for rows in self._portions(snapshot)]
            if all(resolved):
                await self._lift(snapshot)
            if asked and snapshot.rows:
                await self._outbox.notify(OutboxNews.RESOLVED)

    async def _lift(self, snapshot: OutboxSnapshot) -> None:
        # A server that refuses SETs answers a PING as well as any. Were the suspension lifted by
        # that, the next write would wait for a lease again, and so would every one after it.
        suspensions = snapshot.ids_of(OutboxKind.SUSPENDED)
        if suspensions and snapshot.complete:
            proof = await self._cache.prove()
            if proof.confirmed and proof.incarnation is not None:
                await self._outbox.resolve(suspensions, proof.incarnation)

    async def _resolve(self, rows: Sequence[OutboxRow]) -> bool:
        scopes = {CacheScope(TenantId(row.tenant), str(row.domain), row.entity): None for row in rows}
        refreshed = await self._cache.refresh(tuple(scopes))
        if refreshed.confirmed and refreshed.incarnation is not None:
            await self._outbox.resolve([row.id for row in rows], refreshed.incarnation)
            return True
        return False

    def _portions(self, snapshot: OutboxSnapshot) -> Iterator[Sequence[OutboxRow]]:
        writes = [row for row in snapshot.rows if row.kind is OutboxKind.WRITE]
        size = self._timing.refresh_limit
        return (writes[start : start + size] for start in range(0, len(writes), size))
