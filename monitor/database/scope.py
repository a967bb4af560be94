"""The one place that writes the tenant filter.

Statements on tables that carry a tenant column are built here and nowhere else; each takes
the tenant from the context and remembers for whom and for which tables it was filtered.
`Reader` and `UnitOfWork` refuse every other statement on such tables, and on those that carry
a column of the tenant column's name without having been declared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from monitor.database.database_settings import TENANT_COLUMN as TENANT_COLUMN
from monitor.database.scope_check import require_scope as require_scope
from monitor.database.tenant_tables import Mark, declared_column, full_name, mark_of, marked, table_of
from monitor.database.tenant_tables import scoped as scoped
from monitor.database.tenant_tables import shared as shared
from monitor.database.tenant_tables import tenant_column as tenant_column
from monitor.errors import UnscopedStatement
from monitor.tenancy.context import current_tenant
from monitor.tenancy.identity import TenantId

Described = sa.Table | type[Any]
"""A table, or a class mapped to one."""
TableSource = FromClause | type[Any]
"""The same, or what `join` returned."""
_Statement = TypeVar("_Statement", bound=sa.Executable)


def select(source: TableSource, *columns: Any) -> sa.Select[Any]:
    """Return a SELECT of the bound tenant's rows.

    Args:
        source: A table, or what `join` returned.
        columns: What to select; every column of `source` where none is given.

    Raises:
        TenantNotBound: No tenant is bound.
    """
    tenant = current_tenant()
    statement = sa.select(*(columns or (source,))).select_from(source)
    filters = (_column(table) == tenant for table in _tenant_tables(source))
    return _marked(statement.where(*filters), tenant, source)


def join(left: TableSource, right: Described, on: ColumnElement[bool], *, outer: bool = False) -> sa.Join:
    """Join two tables of one tenant: `on`, and the same tenant on both sides."""
    same_tenant = [
        _column(table) == _column(right) for table in _tenant_tables(left)[:1] if _tenant_tables(right)
    ]
    return sa.join(left, right, sa.and_(on, *same_tenant), isouter=outer)


def insert(table: Described, **values: Any) -> sa.Insert:
    """Return an INSERT of one row of the bound tenant."""
    tenant = current_tenant()
    return _marked(sa.insert(table).values({_column(table).name: tenant, **values}), tenant, table)


def update(table: Described) -> sa.Update:
    """Return an UPDATE of the bound tenant's rows; narrow it with `where`, fill it with `values`."""
    tenant = current_tenant()
    return _marked(sa.update(table).where(_column(table) == tenant), tenant, table)


def delete(table: Described) -> sa.Delete:
    """Return a DELETE of the bound tenant's rows; narrow it with `where`."""
    tenant = current_tenant()
    return _marked(sa.delete(table).where(_column(table) == tenant), tenant, table)


def upsert(insertion: Any, table: Described, key: Sequence[str], changes: Mapping[str, Any]) -> Any:
    """Turn a dialect's INSERT into one that updates the bound tenant's row where it is there already.

    Args:
        insertion: `sqlalchemy.dialects.<dialect>.insert(table)` with its values.
        table: The table.
        key: The columns of its key after the tenant's.
        changes: What a row that is there is given.
    """
    tenant, column = current_tenant(), _column(table).name
    statement = insertion.values({column: tenant}).on_conflict_do_update(
        index_elements=[column, *key], set_=dict(changes)
    )
    return _marked(statement, tenant, table)


def select_of_all_tenants(source: TableSource, *columns: Any) -> sa.Select[Any]:
    """Return a SELECT over the rows of all tenants, for operators, in `Database.reading_all` alone."""
    statement = sa.select(*(columns or (source,))).select_from(source)
    return _marked(statement, None, source)


def select_tenants(table: Described) -> sa.Select[Any]:
    """Return a SELECT of the tenants that have rows in `table`, for operators as above."""
    column = _column(table)
    return select_of_all_tenants(table, column).distinct().order_by(column)


def filtered_tables(statement: sa.Executable) -> tuple[str, ...]:
    """Return the names of the tables that a statement built here was filtered on."""
    mark = mark_of(statement)
    return () if mark is None else mark.tables


def _marked(statement: _Statement, tenant: TenantId | None, source: TableSource) -> _Statement:
    tables = tuple(full_name(table) for table in _tenant_tables(source))
    filtered: _Statement = marked(statement, Mark(tenant, tables))
    return filtered


def _tenant_tables(source: Any) -> list[sa.Table]:
    return [table for table in _tables(source) if declared_column(table) is not None]


def _column(table: Any) -> Any:
    """Return the tenant column of a table; without one nothing could tell its rows apart."""
    column = declared_column(table_of(table))
    if column is None:
        raise UnscopedStatement(full_name(table_of(table)))
    return column


def _tables(source: Any) -> Iterable[sa.Table]:
    source = table_of(source)
    if isinstance(source, sa.Table):
        return [source]
    if isinstance(source, sa.Join):
        return [*_tables(source.left), *_tables(source.right)]
    raise UnscopedStatement(full_name(source))
