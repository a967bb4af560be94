"""When a committed write may be answered.

Confirmed fresh generations are enough. Without them the answer waits until a relay has
resolved the write's outbox rows, or until every worker's lease that may not know of them
has run out: a bounded wait, never a failure.
"""

from __future__ import annotations

from contextlib import suppress

from monitor.cache.cache_aside import TenantCache
from monitor.clock import Clock
from monitor.consistency.cache_lease import CacheLease
from monitor.consistency.outbox_cleaner import OutboxCleaner
from monitor.consistency.protocol import Outbox, OutboxNews, ProtocolObserver
from monitor.database.write_context import Commit
from monitor.errors import DatabaseError


class CacheSettlement:
    """Settles commits; keeps the contract of `Settlement`.

    Args:
        outbox: Where the rows are.
        lease: This worker's.
        cache: What is refreshed.
        resolver: Deletes rows behind the answer.
        observer: Told how many writes wait.
        clock: Time.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        lease: CacheLease,
        cache: TenantCache,
        resolver: OutboxCleaner,
        observer: ProtocolObserver,
        clock: Clock,
    ) -> None:
        self._outbox = outbox
        self._lease = lease
        self._cache = cache
        self._resolver = resolver
        self._observer = observer
        self._clock = clock
        self._waiting = 0

    async def settle(self, commit: Commit) -> None:
        """Return once the write may be answered. Never raises for the store's or the database's sake."""
        refreshed = await self._cache.refresh(commit.scopes)
        if refreshed.confirmed and refreshed.incarnation is not None:
            self._resolver.resolve_later(commit.outbox_ids, refreshed.incarnation)
            return
        self._count(1)
        try:
            await self._wait_out(commit)
        finally:
            self._count(-1)

    async def _wait_out(self, commit: Commit) -> None:
        if await self._is_suspended():
            return
        await self._tell(OutboxNews.ASKED)
        deadline = self._deadline(commit)
        while not self._lease.no_longer_shows(commit.outbox_ids, commit.committed_at):
            left = deadline - self._clock.monotonic()
            if left <= 0:
                await self._suspend_if_unresolved(commit)
                return
            await self._lease.renewed(left)

    async def _is_suspended(self) -> bool:
        # Asked after the commit: a row seen before it may have been resolved since, and a lease taken.
        with suppress(DatabaseError):
            return self._lease.has_long_known(await self._outbox.suspensions())
        return False

    async def _suspend_if_unresolved(self, commit: Commit) -> None:
        # A worker cut off by itself, whose rows others resolve, must not suspend the cache for all.
        with suppress(DatabaseError):
            if await self._outbox.holds_any(commit.outbox_ids):
                await self._outbox.suspend()
                await self._outbox.notify(OutboxNews.ASKED)

    async def _tell(self, news: OutboxNews) -> None:
        with suppress(DatabaseError):
            await self._outbox.notify(news)

    def _deadline(self, commit: Commit) -> float:
        return self._lease.must_have_run_out(commit.committed_at)

    def _count(self, change: int) -> None:
        self._waiting += change
        self._observer.writes_waiting(self._waiting)
