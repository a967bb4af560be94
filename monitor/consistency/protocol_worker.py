"""Joins outbox, lease and cache into the protocol of `docs/cache.md`.

The cache asks the lease before every lookup; the poll renews the lease; the relay and the
settlement ask the cache for fresh generations. Cache and database do not know each other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from monitor.cache.cache_aside import TenantCache
from monitor.cache.rollout import Rollout
from monitor.clock import Clock
from monitor.consistency.cache_lease import CacheLease, LeaseState
from monitor.consistency.durable_switch import DurableSwitch
from monitor.consistency.outbox_cleaner import OutboxCleaner
from monitor.consistency.outbox_poll import OutboxPoll
from monitor.consistency.outbox_store import OutboxStore
from monitor.consistency.protocol import ProtocolObserver, Timing
from monitor.consistency.relay import Relay
from monitor.consistency.relay_loop import RelayLoop
from monitor.consistency.settlement import CacheSettlement
from monitor.database.database_observer import DatabaseObserver
from monitor.database.database_settings import APPLICATION_NAME
from monitor.database.urls import place_of


class ProtocolWorker:
    """What keeps one worker's cache true to the database.

    Attributes:
        settlement: Makes a committed write safe to answer.
        kill_switch: The durable switch.

    Args:
        url: The database's URL; the outbox has connections of its own, so that a full pool
            cannot starve the lease.
        lease: This worker's right to use the cache, which `cache` asks.
        cache: What is given fresh generations.
        timing: The protocol's times, the same in every worker.
        rollout: Follows the shares of the durable switch.
        application_name: How PostgreSQL names its connections.
    """

    def __init__(
        self,
        url: str,
        *,
        lease: CacheLease,
        cache: TenantCache,
        database_observer: DatabaseObserver,
        observer: ProtocolObserver,
        clock: Clock,
        timing: Timing,
        rollout: Rollout | None = None,
        application_name: str = APPLICATION_NAME,
    ) -> None:
        outbox = OutboxStore(
            url, observer=database_observer, clock=clock, timing=timing, application_name=application_name
        )
        self._outbox, self._lease, self._cache = outbox, lease, cache
        self._resolver = OutboxCleaner(outbox)
        self.kill_switch: DurableSwitch = DurableSwitch(outbox, clock)
        self.settlement: CacheSettlement = CacheSettlement(
            outbox=outbox, lease=lease, cache=cache, resolver=self._resolver, observer=observer, clock=clock
        )
        self._loop = RelayLoop(
            poll=OutboxPoll(
                outbox=outbox,
                lease=lease,
                observer=observer,
                clock=clock,
                timing=timing,
                rollout=rollout,
                where=place_of(url),
            ),
            relay=Relay(outbox=outbox, lease=lease, cache=cache, clock=clock, timing=timing),
            outbox=outbox,
            lease=lease,
            clock=clock,
            timing=timing,
        )

    async def in_use(self) -> bool:
        """Say whether this worker reads and fills the cache now."""
        epoch, incarnation = self._lease.confirms(), await self._cache.incarnation()
        if epoch is None or incarnation is None or self._lease.state is not LeaseState.HELD:
            return False
        return self._lease.recognises(epoch, incarnation)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Poll and relay until the block ends; what is confirmed by then is deleted."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._outbox.aclose)
            stack.push_async_callback(self._resolver.aclose)
            await stack.enter_async_context(self._loop.running())
            yield
