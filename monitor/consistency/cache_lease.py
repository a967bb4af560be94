"""The worker's right to use the cache, renewed by each poll of the outbox.

It lives in memory and costs a lookup no round trip: what makes a hit safe while the store
is out of reach of a writer is that every worker's right ends a known time after the last
look at the outbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from monitor.clock import Clock
from monitor.consistency.outbox_statements import OutboxSnapshot
from monitor.consistency.protocol import Timing
from monitor.consistency.wakeup import Wakeup
from monitor.database.kit_tables import OutboxKind

_NEVER = float("-inf")
_EVERYTHING = (None, None)


class LeaseState(StrEnum):
    """What the lease allows; the label `state`."""

    HELD = "held"
    EXPIRED = "expired"
    QUARANTINED = "quarantined"
    SUSPENDED = "suspended"


class CacheLease:
    """Says whether this worker may use the cache now, and under which epoch.

    Args:
        clock: Monotonic time.
        timing: The protocol's times.
        shared: Whether other workers use the same store; one that ends with this process needs
            no quarantine, since nobody can still be using its predecessor.
    """

    def __init__(self, clock: Clock, timing: Timing, *, shared: bool = True) -> None:
        self._shared = shared
        self._now = clock.monotonic
        self._timing = timing
        self._until = _NEVER
        self._polled_at = _NEVER
        self._epoch = -1
        self._epoch_seen_at = _NEVER
        self._opens_at = _NEVER
        self._incarnation = ""
        self._snapshot: OutboxSnapshot | None = None
        self._suspects: frozenset[tuple[int | None, str | None]] = frozenset()
        self._suspensions: dict[int, float] = {}
        self._renewed = Wakeup(clock)

    def renew(self, began: float, snapshot: OutboxSnapshot) -> None:
        """Take the answer to a poll.

        Args:
            began: Monotonic time before the poll was sent.
            snapshot: Its answer.
        """
        now = self._now()
        self._until = self._expiry(began)
        self._polled_at = began
        self._snapshot = snapshot
        if snapshot.epoch != self._epoch:
            self._epoch, self._epoch_seen_at = snapshot.epoch, now
            self._opens_at = self._quarantine_ends()
        self._incarnation = snapshot.incarnation
        self._suspects = _suspects(snapshot)
        suspensions = snapshot.ids_of(OutboxKind.SUSPENDED)
        self._suspensions = {row: self._suspensions.get(row, now) for row in suspensions}
        self._renewed.fire()

    async def renewed(self, within_s: float) -> None:
        """Return after the next poll's answer, or after `within_s`."""
        await self._renewed.wait(within_s)

    @property
    def is_awaited(self) -> bool:
        """Whether a writer waits for the next poll."""
        return self._renewed.waiting > 0

    def admits(self, tenant: int, domain: str) -> int | None:
        """Return the epoch to look up and store under, or None: bypass the cache."""
        if not self._opens_at <= self._now() < self._until:
            return None
        epoch, suspects = self._epoch, self._suspects
        if not suspects:
            return epoch
        asked = ((tenant, domain), (tenant, None), (None, domain), _EVERYTHING)
        return None if any(scope in suspects for scope in asked) else epoch

    def confirms(self) -> int | None:
        """Return the epoch under which a write may be confirmed, or None.

        A write's own outbox row makes its scope suspect, so suspects do not count here.
        """
        return self._epoch if self._opens_at <= self._now() < self._until else None

    def recognises(self, epoch: int, incarnation: str) -> bool:
        """Say whether `incarnation` is the run of the primary that `epoch` stands for."""
        return epoch == self._epoch and incarnation == self._incarnation != ""

    def no_longer_shows(self, ids: Sequence[int], committed_at: float) -> bool:
        """Say whether a poll begun after the commit found none of the rows: a relay resolved them."""
        snapshot = self._snapshot
        return snapshot is not None and self._polled_at > committed_at and not snapshot.shows_any(ids)

    def has_long_known(self, suspensions: Sequence[int]) -> bool:
        """Say whether this worker has known one of the `suspended` rows for as long as any lease lasts."""
        known = self._now() - self._timing.any_lease_s
        return any(self._suspensions.get(row, known + 1) <= known for row in suspensions)

    def must_have_run_out(self, committed_at: float) -> float:
        """Return when the lease of every worker that polled before the commit has run out."""
        return committed_at + self._timing.any_lease_s

    @property
    def state(self) -> LeaseState:
        """What the lease allows now."""
        now = self._now()
        if now >= self._until:
            return LeaseState.EXPIRED
        if now < self._opens_at:
            return LeaseState.QUARANTINED
        return LeaseState.SUSPENDED if _EVERYTHING in self._suspects else LeaseState.HELD

    def _expiry(self, began: float) -> float:
        # From the start: a snapshot may be as old as that, however late its answer comes.
        return began + self._timing.lease_s

    def _quarantine_ends(self) -> float:
        # Until then a worker that has not seen the epoch may still use the old primary.
        return self._epoch_seen_at + self._timing.any_lease_s if self._shared else _NEVER


def _suspects(snapshot: OutboxSnapshot) -> frozenset[tuple[int | None, str | None]]:
    scopes = {(row.tenant, row.domain) for row in snapshot.rows if row.bypasses}
    return frozenset(scopes if snapshot.complete else {*scopes, _EVERYTHING})
