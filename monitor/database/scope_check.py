"""Refuses every statement that would reach a tenant's rows past the filter, or of which it cannot tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.selectable import AliasedReturnsRows, FromClause, TableClause

from monitor.database.database_settings import TENANT_COLUMN
from monitor.database.tenant_tables import declared_column, full_name, is_shared, mark_of
from monitor.errors import CrossTenantAccess, UndeclaredTable, UnscopedStatement
from monitor.tenancy.identity import TenantId

# What SQLAlchemy itself writes as literal text, such as the star of count(*), and plain constants.
_HARMLESS = re.compile(r"\*|-?\d+(\.\d+)?|'[^']*'|NULL|TRUE|FALSE", re.IGNORECASE)
# Where a statement keeps text of the caller's that is rendered as it is.
_TEXTS = ("_prefixes", "_suffixes", "_hints", "_statement_hints")
_RAW, _DEFINITION = "raw SQL", "a definition (DDL)"


def require_scope(
    statement: sa.Executable,
    tenant: TenantId | None,
    column: str = TENANT_COLUMN,
    *,
    declared_only: bool = True,
) -> None:
    """Check that every tenant table the statement touches was filtered for `tenant`.

    Args:
        statement: What is about to run.
        tenant: Whose rows it may touch; None for those of all tenants.
        column: The tenant column's name: a table that carries such a column is a tenant table,
            whoever declared it.
        declared_only: Whether a table without such a column must be declared as shared.

    Raises:
        UnscopedStatement: A table that carries the tenant column was reached another way.
        UndeclaredTable: A table is declared neither as the tenants' nor as shared.
        CrossTenantAccess: The filter, or a row's tenant, is that of another tenant.
    """
    _Check(tenant, column, declared_only).visit(statement, ())


def require_rows(rows: Sequence[Mapping[str, Any]], tenant: TenantId | None, column: str) -> None:
    """Check that no row of a statement that runs many times names another tenant.

    Raises:
        CrossTenantAccess: One does.
    """
    for row in rows:
        if column in row and row[column] != tenant:
            raise CrossTenantAccess(tenant or 0, 0)


@dataclass(frozen=True, slots=True)
class ScopeRule:
    """What a database's doors hold of every statement.

    Attributes:
        column: The tenant column's name.
        declared_only: Whether every table must be declared, as the tenants' or as shared.
    """

    column: str = TENANT_COLUMN
    declared_only: bool = True

    def require(
        self,
        statement: sa.Executable,
        tenant: TenantId | None,
        rows: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Check a statement, and the rows that it runs for; raises as `require_scope` and `require_rows`."""
        require_scope(statement, tenant, self.column, declared_only=self.declared_only)
        require_rows(rows, tenant, self.column)


class _Check:
    def __init__(self, tenant: TenantId | None, column: str, declared_only: bool) -> None:  # noqa: FBT001 - private
        self._tenant = tenant
        self._column = column
        self._declared_only = declared_only

    def visit(self, element: Any, covered: tuple[str, ...]) -> None:
        """Check an element and what it is made of; `covered` names the tables that a filter covers."""
        children = element.get_children
        if isinstance(element, ExecutableDDLElement):
            raise UnscopedStatement(_DEFINITION)
        if isinstance(element, sa.TextClause):
            raise UnscopedStatement(_RAW)
        if isinstance(element, sa.Executable):
            # A nested statement answers for its own tables: its parent's filter does not reach into it.
            covered = self._covered_by(element)
        elif isinstance(element, TableClause):
            self._require_covered(element, covered)
        elif isinstance(element, AliasedReturnsRows) and isinstance(element.element, TableClause):
            # The filter names the table, so the rows of an alias of it are not filtered.
            self._require_covered(element.element, ())
        elif isinstance(element, sa.ColumnClause):
            self._require_known(element, covered)
        for child in children():
            self.visit(child, covered)

    def _covered_by(self, statement: Any) -> tuple[str, ...]:
        mark = mark_of(statement)
        if mark is not None and mark.tenant != self._tenant:
            raise CrossTenantAccess(self._tenant or 0, mark.tenant or 0)
        if any(getattr(statement, name, None) for name in _TEXTS):
            raise UnscopedStatement(_RAW)
        covered = () if mark is None else mark.tables
        if isinstance(statement, (sa.Insert, sa.Update, sa.Delete)):
            self._require_covered(statement.table, covered)
            if not isinstance(statement, sa.Delete):
                self._require_own_rows(statement)
        return covered

    def _require_covered(self, table: Any, covered: tuple[str, ...]) -> None:
        if isinstance(table, sa.Join):
            for side in (table.left, table.right):
                self._require_covered(side, covered)
            return
        name = full_name(table)
        if name in covered:
            return
        if self._column in table.c or declared_column(table) is not None:
            raise UnscopedStatement(name)
        if self._declared_only and not is_shared(table):
            raise UndeclaredTable(name)

    def _require_known(self, column: Any, covered: tuple[str, ...]) -> None:
        if column.is_literal and not _HARMLESS.fullmatch(column.name):
            raise UnscopedStatement(_RAW)
        # A column brings its table along: UPDATE ... FROM names it nowhere else.
        table = column.table
        if isinstance(table, FromClause):
            target = table.element if isinstance(table, AliasedReturnsRows) else table
            if isinstance(target, TableClause):
                self._require_covered(target, covered if target is table else ())

    def _require_own_rows(self, statement: Any) -> None:
        """Check that no row is written for another tenant, or handed to one."""
        held = declared_column(statement.table)
        if held is None:
            return
        for name, value in _values_of(statement):
            if name not in (held.name, held.key):
                continue
            # A row that is there already stays its tenant's, so no update may name the column at all.
            if isinstance(statement, sa.Update) or getattr(value, "value", value) != self._tenant:
                raise CrossTenantAccess(self._tenant or 0, 0)


def _values_of(statement: Any) -> Iterable[tuple[str, Any]]:
    # SQLAlchemy shows what a statement writes through its compilation alone, which costs more than the rest.
    for values in (statement._values, dict(getattr(statement, "_ordered_values", None) or ())):  # noqa: SLF001
        yield from ((_name(key), value) for key, value in (values or {}).items())
    for rows in getattr(statement, "_multi_values", ()):
        yield from (
            (_name(key), value) for row in rows if isinstance(row, Mapping) for key, value in row.items()
        )
    conflict = getattr(statement, "_post_values_clause", None)
    for key in getattr(conflict, "update_values_to_set", None) or ():
        yield _name(key), None


def _name(key: Any) -> str:
    return str(getattr(key, "name", key))
