"""What the cache protocol's parts are to each other, and its times.

`docs/cache.md` draws the protocol and names what breaks without each rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from monitor.cache.cache_observer import CacheObserver
from monitor.consistency.outbox_statements import OutboxSnapshot


@dataclass(frozen=True, slots=True)
class Timing:
    """The protocol's times, in seconds; every worker of a service uses the same.

    Attributes:
        lease_s: How long a poll of the outbox gives the right to use the cache. Also the
            longest wait of a write that the store does not confirm.
        poll_s: From one poll to the next.
        shortest_poll_s: The least between two polls, however often one is asked for.
        clock_drift: By how much the rates of two workers' clocks may differ, as a share; a
            writer waits that much longer than the lease.
        poll_limit: Most rows one poll carries; where there are more, everything is suspect.
        refresh_limit: Most scopes a relay refreshes in one round trip.
    """

    lease_s: float = 2.0
    poll_s: float = 0.25
    shortest_poll_s: float = 0.05
    clock_drift: float = 0.05
    poll_limit: int = 1_000
    refresh_limit: int = 200

    @property
    def any_lease_s(self) -> float:
        """How long, on this worker's clock, until a lease that any worker holds has run out."""
        return self.lease_s * (1 + self.clock_drift)


class OutboxNews(StrEnum):
    """What shortens the wait for the next poll."""

    ASKED = "asked"  # a writer or an operator wants the rows to be seen now
    RESOLVED = "resolved"  # rows that a writer waits for are gone


class Outbox(Protocol):
    """The outbox and the epochs. Calls raise `StatementFailed` or `PoolExhausted` and nothing else."""

    async def poll(self) -> OutboxSnapshot:
        """Return epoch and rows as of one moment."""
        ...

    async def resolve(self, ids: Sequence[int], incarnation: str) -> None:
        """Delete the rows if `incarnation` is the current one; rows of the kill switch stay."""
        ...

    async def adopt(self, epoch: int, incarnation: str) -> bool:
        """Make `incarnation` current as the epoch after `epoch`, unless it or that epoch is there already.

        Returns:
            False where the incarnation was current before another one.
        """
        ...

    async def adopt_again(self, epoch: int, incarnation: str) -> None:
        """Make an incarnation that was current once current again, as the epoch after `epoch`."""
        ...

    async def suspend(self) -> None:
        """Insert a `suspended` row unless there is one."""
        ...

    async def suspensions(self) -> Sequence[int]:
        """Return the ids of the `suspended` rows."""
        ...

    async def holds_any(self, ids: Sequence[int]) -> bool:
        """Say whether one of the rows is still there."""
        ...

    async def notify(self, news: OutboxNews) -> None:
        """Tell all workers that listen; nothing rests on its arrival."""
        ...

    async def notified(self) -> OutboxNews:
        """Return what any worker has told since the last call."""
        ...


class ProtocolObserver(CacheObserver, Protocol):
    """Receives what the protocol does, beside what the cache does."""

    def outbox_polled(self, rows: int, oldest_s: float) -> None:
        """A poll of the outbox showed `rows`, the oldest of that age in seconds."""
        ...

    def lease_changed(self, state: str) -> None:
        """The cache lease is now `held`, `expired`, `quarantined` or `suspended`."""
        ...

    def epoch_changed(self, epoch: int) -> None:
        """Another epoch is current: everything stored before it is a miss."""
        ...

    def writes_waiting(self, count: int) -> None:
        """`count` committed writes wait for a confirmation before they answer."""
        ...
