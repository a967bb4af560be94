"""Writes of an adopter's own SQLAlchemy sessions: their outbox rows ride in the session's transaction.

A session's events are its own class's, so nothing has to be configured: the first booking of a
session attaches to it. `before_commit` writes the rows, `after_commit` hands the commit over to
the request, which settles it before the first byte of its answer.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from monitor.clock import Clock
from monitor.database.outbox_rows import rows_for
from monitor.database.write_context import Commit, hand_over
from monitor.scopes import CacheScope
from monitor.tenancy.context import current_tenant

OwnSession = AsyncSession | Session
"""A session of SQLAlchemy's that an application makes for itself."""
_BOOKED = "monitor_booked"


class SessionWrites:
    """Books what sessions make stale.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def changed(self, session: OwnSession, domain: str, entity: object = None) -> None:
        """Book what the session's transaction makes stale, in the bound tenant.

        Within a request the write is settled before its answer; elsewhere, as in a job, the
        workers find the rows in their next poll of the outbox.

        Args:
            session: The session that writes, on the database whose writes the cache follows.
            domain: The domain whose answers change; call once for each.
            entity: The one entity written; None where it cannot be named: all of the domain.

        Raises:
            TenantNotBound: No tenant is bound.
        """
        scope = CacheScope(current_tenant(), domain, None if entity is None else str(entity))
        held = session.sync_session if isinstance(session, AsyncSession) else session
        booked: _Booked | None = held.info.get(_BOOKED)
        if booked is None:
            booked = held.info[_BOOKED] = _Booked(self._clock)
            booked.attach(held)
        booked.scopes[scope] = None


class _Booked:
    """What one session has booked and not yet committed."""

    def __init__(self, clock: Clock) -> None:
        self.scopes: dict[CacheScope, None] = {}
        self._clock = clock
        self._written: tuple[tuple[CacheScope, ...], tuple[int, ...]] | None = None

    def attach(self, session: Session) -> None:
        """Listen to the session's transactions."""
        event.listen(session, "before_commit", self._write_rows)
        event.listen(session, "after_commit", self._hand_over)
        event.listen(session, "after_soft_rollback", self._forget)

    def _write_rows(self, session: Session) -> None:
        # A savepoint's end is no commit: what is booked waits for the transaction around it.
        if not self.scopes or session.in_nested_transaction():
            return
        scopes = tuple(self.scopes)
        rows: Any = session.execute(rows_for(scopes, self._clock.time()))
        self._written = scopes, tuple(rows.scalars())

    def _hand_over(self, _session: Session) -> None:
        if self._written is None:
            return
        (scopes, ids), self._written = self._written, None
        self.scopes.clear()
        hand_over(Commit(scopes, ids, self._clock.monotonic()))

    def _forget(self, _session: Session, previous: SessionTransaction) -> None:
        # Of a savepoint that is undone the bookings stay: a refresh too many does no harm.
        if previous.parent is None:
            self.scopes.clear()
            self._written = None
