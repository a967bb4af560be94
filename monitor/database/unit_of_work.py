"""What a service works with: a snapshot to read from, a transaction to write in.

The rows of the outbox are written by the transaction that makes entries stale, so neither
exists without the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult

from monitor.database.kit_tables import id_sequences
from monitor.database.outbox_rows import rows_for
from monitor.database.scope_check import ScopeRule
from monitor.database.sequences import next_value
from monitor.database.statements import COMMIT, words_of
from monitor.database.telemetry import StatementTelemetry
from monitor.database.transaction import Transaction
from monitor.scopes import CacheScope
from monitor.tenancy.identity import TenantId

_DECLARED = ScopeRule()


class Reader:
    """Reads within one transaction, which is one snapshot of the database.

    Args:
        transaction: What the statements run in.
        tenant: Whose rows may be touched; None for an operator's reader over all tenants.
        telemetry: Observes each statement.
        rule: What every statement must keep.
    """

    def __init__(
        self,
        transaction: Transaction,
        tenant: TenantId | None,
        telemetry: StatementTelemetry,
        rule: ScopeRule = _DECLARED,
    ) -> None:
        self._transaction = transaction
        self._tenant = tenant
        self._telemetry = telemetry
        self._rule = rule

    async def all(self, statement: sa.Executable) -> Sequence[sa.Row[Any]]:
        """Return every row.

        Raises:
            UnscopedStatement: The statement touches tenant data without the tenant filter, or a table
                that nobody declared.
            StatementFailed: The database refused or lost the statement.
        """
        return (await self._run(statement)).all()

    async def one(self, statement: sa.Executable) -> sa.Row[Any] | None:
        """Return the first row, or None; raises as `all`."""
        return (await self._run(statement)).first()

    async def scalar(self, statement: sa.Executable) -> Any:
        """Return the first column of the first row, or None; raises as `all`."""
        row = await self.one(statement)
        return None if row is None else row[0]

    async def _run(self, statement: sa.Executable) -> CursorResult[Any]:
        self._rule.require(statement, self._tenant)
        return await self._telemetry.run(words_of(statement), lambda: self._transaction.execute(statement))


class UnitOfWork(Reader):
    """Writes within one transaction, which ends with the block that opened it."""

    def __init__(
        self,
        transaction: Transaction,
        tenant: TenantId,
        telemetry: StatementTelemetry,
        rule: ScopeRule = _DECLARED,
    ) -> None:
        super().__init__(transaction, tenant, telemetry, rule)
        self._owner = tenant
        self._scopes: dict[CacheScope, None] = {}

    async def execute(self, statement: sa.Executable) -> CursorResult[Any]:
        """Run a statement that writes; raises as `all`, and `ConstraintViolated`."""
        return await self._run(statement)

    async def execute_many(self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that writes once for each of `rows`, in one call; raises as `execute`."""
        self._rule.require(statement, self._tenant, rows)
        await self._telemetry.run(
            words_of(statement), lambda: self._transaction.execute(statement, [dict(row) for row in rows])
        )

    def changed(self, domain: str, entity: object = None) -> None:
        """Book what this write makes stale.

        Args:
            domain: The domain whose answers change; call once for each, also for those of
                other domains that show what was written.
            entity: The one entity written; None where it cannot be named: all of the domain.
        """
        self._scopes[CacheScope(self._owner, domain, None if entity is None else str(entity))] = None

    async def next_id(self, sequence: str) -> int:
        """Return the tenant's next id of `sequence`, from 1 on."""
        dialect = self._transaction.dialect
        table = id_sequences(self._rule.column)
        return int(await self.scalar(next_value(dialect, table, sequence)))

    @property
    def scopes(self) -> tuple[CacheScope, ...]:
        """What was booked so far."""
        return tuple(self._scopes)

    async def commit(self, created_at: float) -> tuple[tuple[CacheScope, ...], tuple[int, ...]]:
        """Write the outbox rows and commit; return what was booked, and the rows' ids.

        The opener of the block calls it.
        """
        scopes = self.scopes
        ids: tuple[int, ...] = ()
        if scopes:
            rows = await self._run(rows_for(scopes, created_at))
            ids = tuple(rows.scalars())
        await self._telemetry.run(COMMIT, self._transaction.commit)
        return scopes, ids
