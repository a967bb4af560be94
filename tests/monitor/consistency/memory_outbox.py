"""The outbox as the database keeps it, in memory: each call is one moment, as one statement is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from monitor.clock import Clock
from monitor.consistency.outbox_statements import OutboxRow, OutboxSnapshot
from monitor.consistency.protocol import OutboxNews, Timing
from monitor.database.kit_tables import OutboxKind
from monitor.errors import StatementFailed
from monitor.scopes import CacheScope
from monitor.testing.fake_redis import Gate


class MemoryOutbox:
    """Keeps the contract of `Outbox`.

    Attributes:
        down: Whether statements fail.
        answering: A gate between the poll's snapshot and its answer.
    """

    def __init__(self, clock: Clock, timing: Timing) -> None:
        self._clock = clock
        self._limit = timing.poll_limit
        self._rows: dict[int, OutboxRow] = {}
        self._next_id = 1
        self.epochs: list[tuple[int, str]] = [(0, "")]
        self.down = False
        self.answering: Gate | None = None
        self.news: list[OutboxNews] = []

    def commit(self, scopes: Sequence[CacheScope]) -> tuple[int, ...]:
        """Insert the rows of a write, as its transaction does."""
        return tuple(
            self.insert(OutboxKind.WRITE, int(scope.tenant), scope.domain, scope.entity) for scope in scopes
        )

    def insert(
        self,
        kind: OutboxKind,
        tenant: int | None = None,
        domain: str | None = None,
        entity: str | None = None,
    ) -> int:
        row = OutboxRow(self._next_id, kind, tenant, domain, entity, self._clock.time())
        self._rows[row.id] = row
        self._next_id += 1
        return row.id

    def switch(self, tenant: int | None, domain: str | None, share: float | None) -> None:
        """Move the switch for the scope, as one transaction does."""
        if self._switched(tenant, domain, off_alone=True) and share:
            self._begin_anew(tenant, domain)
        self._delete_switch(tenant, domain)
        row = self.insert(OutboxKind.OFF, tenant, domain)
        self._rows[row] = self._rows[row]._replace(share=share)

    def unswitch(self, tenant: int | None, domain: str | None) -> None:
        """Take back what was set for the scope, as one transaction does."""
        self._delete_switch(tenant, domain)
        self._begin_anew(tenant, domain)

    @property
    def is_switched(self) -> bool:
        """Whether anything was set."""
        return OutboxKind.OFF in self.kinds()

    def unswitch_all(self) -> None:
        """Take back whatever was set."""
        for row in [row for row in self._rows.values() if row.kind is OutboxKind.OFF]:
            self.unswitch(row.tenant, row.domain)

    def _switched(self, tenant: int | None, domain: str | None, *, off_alone: bool) -> list[int]:
        return [
            row.id
            for row in self._rows.values()
            if row.kind is OutboxKind.OFF
            and (row.tenant, row.domain) == (tenant, domain)
            and not (off_alone and row.share)
        ]

    def _delete_switch(self, tenant: int | None, domain: str | None) -> None:
        for row in self._switched(tenant, domain, off_alone=False):
            del self._rows[row]

    def _begin_anew(self, tenant: int | None, domain: str | None) -> None:
        if tenant is not None and domain is not None:
            self.insert(OutboxKind.WRITE, tenant, domain)
        else:
            epoch, incarnation = self.epochs[-1]
            self.epochs.append((epoch + 1, incarnation))

    @property
    def ids(self) -> list[int]:
        return list(self._rows)

    def kinds(self) -> list[OutboxKind]:
        return [row.kind for row in self._rows.values()]

    async def poll(self) -> OutboxSnapshot:
        self._require_up()
        snapshot = self._snapshot()
        gate, self.answering = self.answering, None
        if gate is not None:
            await gate()
        return snapshot

    async def resolve(self, ids: Sequence[int], incarnation: str) -> None:
        self._require_up()
        if self.epochs[-1][1] == incarnation:
            self.delete(ids)

    def delete(self, ids: Sequence[int]) -> None:
        for row in ids:
            if row in self._rows and self._rows[row].kind is not OutboxKind.OFF:
                del self._rows[row]

    async def adopt(self, epoch: int, incarnation: str) -> bool:
        self._require_up()
        if incarnation not in {known for _, known in self.epochs} and self.epochs[-1][0] == epoch:
            self.epochs.append((epoch + 1, incarnation))
        over = incarnation in {known for _, known in self.epochs} and self.epochs[-1][1] != incarnation
        return not over

    async def adopt_again(self, epoch: int, incarnation: str) -> None:
        self._require_up()
        if self.epochs[-1][0] == epoch:
            self.epochs.append((epoch + 1, incarnation))

    async def suspend(self) -> None:
        self._require_up()
        if OutboxKind.SUSPENDED not in self.kinds():
            self.insert(OutboxKind.SUSPENDED)

    async def suspensions(self) -> Sequence[int]:
        self._require_up()
        return [row.id for row in self._rows.values() if row.kind is OutboxKind.SUSPENDED]

    async def holds_any(self, ids: Sequence[int]) -> bool:
        self._require_up()
        return any(row in self._rows for row in ids)

    async def notify(self, news: OutboxNews) -> None:
        self.news.append(news)

    async def notified(self) -> OutboxNews:
        await asyncio.Event().wait()
        raise AssertionError

    def _snapshot(self) -> OutboxSnapshot:
        rows = sorted(self._rows.values(), key=lambda row: (row.kind.value, row.id))
        epoch, incarnation = self.epochs[-1]
        complete = len(rows) <= self._limit
        return OutboxSnapshot(epoch, incarnation, tuple(rows[: self._limit]), complete)

    def _require_up(self) -> None:
        if self.down:
            raise StatementFailed("SELECT cache_outbox", "ConnectionError")
