"""Polls and relays for as long as the worker serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from monitor.clock import Clock
from monitor.consistency.cache_lease import CacheLease
from monitor.consistency.outbox_poll import OutboxPoll
from monitor.consistency.protocol import Outbox, OutboxNews, Timing
from monitor.consistency.relay import Relay
from monitor.consistency.wakeup import Wakeup

_FAREWELL_S = 5.0


class RelayLoop:
    """The worker's background loop.

    A poll never waits for the relay: a hung store must not cost the lease.

    Args:
        poll: Renews the lease.
        relay: Resolves what the poll saw.
        outbox: Brings the news that shortens the wait for the next poll.
        lease: Knows whether a writer waits.
        clock: Time.
        timing: The protocol's times.
    """

    def __init__(
        self,
        *,
        poll: OutboxPoll,
        relay: Relay,
        outbox: Outbox,
        lease: CacheLease,
        clock: Clock,
        timing: Timing,
    ) -> None:
        self._poll = poll
        self._relay = relay
        self._outbox = outbox
        self._lease = lease
        self._clock = clock
        self._timing = timing
        self._news = Wakeup(clock)
        self._asked = False  # by news since the last poll
        self._wanted = False  # the same, or by a writer of this worker
        self._stepping: asyncio.Task[None] | None = None
        self._relaying: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Poll once, then poll and relay until the block ends."""
        await self.step()
        loops = [asyncio.create_task(self._listen()), asyncio.create_task(self._run())]
        try:
            yield
        finally:
            await _ended(loops)
            await self._finished()

    async def step(self) -> None:
        """Poll, and relay what it saw unless an earlier relay is still under way."""
        asked, self._asked, self._wanted = self._asked, False, False
        snapshot = await self._poll.once()
        if snapshot is None:
            return
        self._wanted = not snapshot.complete  # a backlog is worked off at the shortest interval
        if self._relaying is None or self._relaying.done():
            self._relaying = asyncio.create_task(self._relay.relay(snapshot, asked=asked))

    async def _run(self) -> None:
        shortest = self._timing.shortest_poll_s
        while True:
            await self._clock.sleep(shortest)
            if not self._wanted:
                await self._news.wait(self._timing.poll_s - shortest)
            self._stepping = asyncio.create_task(self.step())
            await asyncio.shield(self._stepping)

    async def _finished(self) -> None:
        # Let statements under way end: a driver that is cancelled inside one loses its connection.
        for task in (self._stepping, self._relaying):
            if task is not None and not task.done():
                await asyncio.wait((task,), timeout=_FAREWELL_S)
                await _ended([task])

    async def _listen(self) -> None:
        while True:
            news = await self._outbox.notified()
            self._asked = self._asked or news is OutboxNews.ASKED
            self._wanted = self._wanted or self._asked or self._lease.is_awaited
            if self._wanted:
                self._news.fire()


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
