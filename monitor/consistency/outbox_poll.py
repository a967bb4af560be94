"""One look at the outbox: it renews the lease and tells what it saw."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from monitor.cache.rollout import Rollout
from monitor.clock import Clock
from monitor.consistency.cache_lease import CacheLease, LeaseState
from monitor.consistency.outbox_statements import OutboxSnapshot
from monitor.consistency.poll_failures import PollFailures
from monitor.consistency.protocol import Outbox, ProtocolObserver, Timing
from monitor.database.kit_tables import OutboxKind
from monitor.errors import ConfigurationError

_ALL_DOMAINS = "*"

# A cancelled statement costs its connection, so even the short leases of tests allow it this long.
_SHORTEST_LIMIT_S = 2.0


class OutboxPoll:
    """Polls the outbox for one worker.

    Args:
        outbox: What is polled.
        lease: What an answer renews.
        observer: Told lag, lease, epochs and the kill switch.
        clock: Time.
        timing: The protocol's times.
        rollout: Told how much of which traffic may use the cache; None: nobody is.
        where: Host and name of the database, for the line that says it cannot be read.
        log: A structlog logger.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        lease: CacheLease,
        observer: ProtocolObserver,
        clock: Clock,
        timing: Timing,
        rollout: Rollout | None = None,
        where: str = "",
        log: Any = None,
    ) -> None:
        self._outbox = outbox
        self._lease = lease
        self._observer = observer
        self._clock = clock
        self._timing = timing
        self._rollout = rollout
        self._log = structlog.get_logger("monitor.database") if log is None else log
        self._failures = PollFailures(where, clock, self._log)
        self._told_state: LeaseState | None = None
        self._told_epoch: int | None = None
        self._told_off: frozenset[tuple[int | None, str | None]] = frozenset()

    async def once(self) -> OutboxSnapshot | None:
        """Poll and renew the lease; return None where the database did not answer in time.

        Raises:
            ConfigurationError: The first poll found that the database cannot be used this way.
        """
        began = self._clock.monotonic()
        snapshot = None
        try:
            snapshot = await asyncio.wait_for(
                self._outbox.poll(), max(self._timing.lease_s, _SHORTEST_LIMIT_S)
            )
        except ConfigurationError as failure:
            if self._told_state is None:
                raise  # at the start: what cannot work refuses to serve
            self._failures.failed(failure)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the loop must go on; the lease runs out
            self._failures.failed(failure)
        else:
            self._failures.ended()
            self._lease.renew(began, snapshot)
            if self._rollout is not None:
                self._rollout.follow(snapshot.shares)
            self._tell(snapshot)
        self._tell_state()
        return snapshot

    def _tell(self, snapshot: OutboxSnapshot) -> None:
        waiting = [row.created_at for row in snapshot.rows if row.kind is not OutboxKind.OFF]
        oldest_s = max(0.0, self._clock.time() - min(waiting)) if waiting else 0.0
        self._observer.outbox_polled(len(waiting), oldest_s)
        if snapshot.epoch != self._told_epoch:
            self._told_epoch = snapshot.epoch
            self._observer.epoch_changed(snapshot.epoch)
            self._log.info("cache_epoch_changed", epoch=snapshot.epoch)
        self._tell_switch(snapshot)

    def _tell_switch(self, snapshot: OutboxSnapshot) -> None:
        rows = [row for row in snapshot.rows if row.kind is OutboxKind.OFF and row.bypasses]
        off = frozenset((row.tenant, row.domain) for row in rows)
        for tenant, domain in sorted(off ^ self._told_off, key=str):
            # One tenant's switch says nothing about the domain's own, so that is told as it is.
            self._observer.switched(domain or _ALL_DOMAINS, (None, domain) not in off)
            self._log.warning(
                "cache_durable_switch_moved",
                domain=domain or _ALL_DOMAINS,
                tenant=tenant,
                enabled=(tenant, domain) not in off,
            )
        self._told_off = off

    def _tell_state(self) -> None:
        state = self._lease.state
        if state is not self._told_state:
            self._told_state = state
            self._observer.lease_changed(state.value)
            self._log.info("cache_lease_changed", state=state.value)
