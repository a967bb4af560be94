"""The statements of the outbox and the epochs; each runs by itself, outside the writers' transactions.

The conditions stand inside the statements: between a look and a deed of two statements
another worker may act.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from monitor.database.kit_tables import CACHE_EPOCH, CACHE_OUTBOX, OutboxKind


class OutboxRow(NamedTuple):
    """One row of the outbox.

    Attributes:
        id: Its id; never used twice.
        kind: What it asks for.
        tenant: Whose entries; None for all tenants' (never for a write).
        domain: Which entries; None for all domains.
        entity: The entity written, or None.
        created_at: Seconds since the Unix epoch, on the writer's clock; for the lag metric alone.
        share: Of the switch: how much of the traffic may use the cache; None: nothing may.
    """

    id: int
    kind: OutboxKind
    tenant: int | None
    domain: str | None
    entity: str | None
    created_at: float
    share: float | None = None

    @property
    def bypasses(self) -> bool:
        """Whether nothing of its scope may use the cache."""
        return not self.share


class OutboxSnapshot(NamedTuple):
    """The answer to one poll: one statement, one snapshot.

    Attributes:
        epoch: The current epoch.
        incarnation: The run of the Redis primary it stands for.
        rows: The outbox up to the poll's limit, what concerns everything before the writes.
        complete: False where there were more rows than the limit.
    """

    epoch: int
    incarnation: str
    rows: tuple[OutboxRow, ...]
    complete: bool

    def shows_any(self, ids: Sequence[int]) -> bool:
        """Say whether one of the rows is still there, or may be."""
        return not self.complete or any(row.id in ids for row in self.rows)

    @property
    def shares(self) -> dict[tuple[int | None, str | None], float]:
        """How much of which scope's traffic may use the cache, where the switch says so."""
        return {(row.tenant, row.domain): row.share for row in self.rows if row.share}

    def ids_of(self, kind: OutboxKind) -> tuple[int, ...]:
        """Return the ids of the rows of one kind."""
        return tuple(row.id for row in self.rows if row.kind is kind)


def poll(limit: int) -> sa.Select[Any]:
    """Return the poll: the current epoch and at most `limit` + 1 rows, in one statement.

    With two statements a row could be resolved and another one's protection be lifted in
    between, and the worker would take a lease without having seen either.
    """
    epoch = _current_epoch().subquery("current")
    # The kinds sort as `off`, `suspended`, `write`: what concerns everything is never cut off by the limit.
    ordered = sa.select(CACHE_OUTBOX).order_by(CACHE_OUTBOX.c.kind, CACHE_OUTBOX.c.id)
    rows = ordered.limit(limit + 1).subquery("rows")
    return (
        sa.select(epoch.c.epoch, epoch.c.incarnation, rows)
        .select_from(epoch.outerjoin(rows, sa.true()))
        .order_by(rows.c.kind, rows.c.id)
    )


def snapshot_of(answer: Sequence[Any], limit: int) -> OutboxSnapshot:
    """Read the poll's answer."""
    rows = tuple(
        OutboxRow(row.id, OutboxKind(row.kind), row.tenant, row.domain, row.entity, row.created_at, row.share)
        for row in answer[:limit]
        if row.id is not None
    )
    return OutboxSnapshot(answer[0].epoch, answer[0].incarnation, rows, complete=len(answer) <= limit)


def resolve(ids: Sequence[int], incarnation: str) -> sa.Delete:
    """Return the DELETE of rows whose SETs ran on `incarnation`; it finds none if another one counts."""
    current = sa.select(_current_epoch().subquery("current").c.incarnation).scalar_subquery()
    return sa.delete(CACHE_OUTBOX).where(
        CACHE_OUTBOX.c.id.in_(ids),
        CACHE_OUTBOX.c.kind != OutboxKind.OFF.value,
        current == incarnation,
    )


def adopt(epoch: int, incarnation: str) -> sa.Insert:
    """Return the INSERT of the epoch after `epoch` for an incarnation that was never current."""
    known = sa.exists().where(CACHE_EPOCH.c.incarnation == incarnation)
    row = sa.select(sa.literal(epoch + 1, sa.BigInteger), sa.literal(incarnation)).where(~known)
    return sa.insert(CACHE_EPOCH).from_select(["epoch", "incarnation"], row)


def adopt_again(epoch: int, incarnation: str) -> sa.Insert:
    """Return the INSERT of the epoch after `epoch` for an incarnation that was current once."""
    return sa.insert(CACHE_EPOCH).values(epoch=epoch + 1, incarnation=incarnation)


def is_over(incarnation: str) -> sa.Select[Any]:
    """Return the SELECT that finds the incarnation among the epochs if another one is current."""
    current = sa.select(_current_epoch().subquery("current").c.incarnation).scalar_subquery()
    known = CACHE_EPOCH.c.incarnation == incarnation
    return sa.select(CACHE_EPOCH.c.epoch).where(known, current != incarnation).limit(1)


def suspend(created_at: float) -> sa.Insert:
    """Return the INSERT of a `suspended` row, which inserts none where there is one."""
    there = sa.exists().where(CACHE_OUTBOX.c.kind == OutboxKind.SUSPENDED.value)
    row = sa.select(sa.literal(OutboxKind.SUSPENDED.value), sa.literal(created_at, sa.Double)).where(~there)
    return sa.insert(CACHE_OUTBOX).from_select(["kind", "created_at"], row)


def suspensions() -> sa.Select[Any]:
    """Return the SELECT of the `suspended` rows' ids, oldest first."""
    kind = CACHE_OUTBOX.c.kind == OutboxKind.SUSPENDED.value
    return sa.select(CACHE_OUTBOX.c.id).where(kind).order_by(CACHE_OUTBOX.c.id)


def still_there(ids: Sequence[int]) -> sa.Select[Any]:
    """Return the SELECT of those of the rows that wait."""
    return sa.select(CACHE_OUTBOX.c.id).where(CACHE_OUTBOX.c.id.in_(ids))


def switch(tenant: int | None, domain: str | None, share: float | None, created_at: float) -> sa.Insert:
    """Return the INSERT of the switch's row for the scope; None stands for all tenants or domains.

    Args:
        tenant: Whose traffic.
        domain: Which traffic.
        share: How much of it may use the cache; None: nothing.
        created_at: Seconds since the Unix epoch.
    """
    kind = OutboxKind.OFF.value
    values = {"tenant": tenant, "domain": domain, "kind": kind, "share": share, "created_at": created_at}
    return sa.insert(CACHE_OUTBOX).values(values)


def unswitch(tenant: int | None, domain: str | None) -> sa.Delete:
    """Return the DELETE of the switch's rows for exactly this scope."""
    return sa.delete(CACHE_OUTBOX).where(*_switch_of(tenant, domain))


def switched() -> sa.Select[Any]:
    """Return the SELECT of the switch's rows, the oldest first."""
    kind = CACHE_OUTBOX.c.kind == OutboxKind.OFF.value
    return sa.select(CACHE_OUTBOX).where(kind).order_by(CACHE_OUTBOX.c.id)


def begin_anew(
    tenant: int | None, domain: str | None, created_at: float, *, if_off: bool = False
) -> sa.Insert:
    """Return the INSERT that makes everything of the scope a miss.

    One tenant's domain gets a `write` row, with nobody to answer for it; what is wider gets a
    new epoch under the same primary.

    Args:
        tenant: Whose entries.
        domain: Which entries.
        created_at: Seconds since the Unix epoch.
        if_off: Only where the scope is switched off now.
    """
    if tenant is not None and domain is not None:
        kind = OutboxKind.WRITE.value
        names, table = ["tenant", "domain", "kind", "created_at"], CACHE_OUTBOX
        row = sa.select(
            sa.literal(tenant, sa.BigInteger), sa.literal(domain), sa.literal(kind), sa.literal(created_at)
        )
    else:
        current = _current_epoch().subquery("current")
        names, table = ["epoch", "incarnation"], CACHE_EPOCH
        row = sa.select(current.c.epoch + 1, current.c.incarnation)
    if if_off:
        off = sa.or_(CACHE_OUTBOX.c.share.is_(None), CACHE_OUTBOX.c.share == 0)
        row = row.where(sa.exists().where(*_switch_of(tenant, domain), off))
    return sa.insert(table).from_select(names, row)


def _switch_of(tenant: int | None, domain: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        CACHE_OUTBOX.c.kind == OutboxKind.OFF.value,
        CACHE_OUTBOX.c.tenant.is_not_distinct_from(tenant),
        CACHE_OUTBOX.c.domain.is_not_distinct_from(domain),
    )


def _current_epoch() -> sa.Select[Any]:
    return sa.select(CACHE_EPOCH).order_by(CACHE_EPOCH.c.epoch.desc()).limit(1)
