"""The one place that writes the tenant filter.

Statements on tables that carry a tenant column are built here and nowhere else; each takes
the tenant from the context and remembers for whom and for which tables it was filtered.
`Reader` and `UnitOfWork` refuse every other statement on such tables, and on those that carry
a column of the tenant column's name without having been declared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from monitor.errors import CrossTenantAccess, UnscopedStatement
from monitor.tenancy.context import current_tenant
from monitor.tenancy.identity import TenantId

TENANT_COLUMN = "tenant_id"  # where an adoption names none
_TENANT = "monitor_tenant"
_OPTION = "monitor_scope"
_Statement = TypeVar("_Statement", bound=sa.Executable)


class Mark(NamedTuple):
    """For whom a statement was filtered, and on which tables.

    Attributes:
        tenant: The tenant; None for all of them.
        tables: Names of the tables whose rows the filter covers, in the order they were named.
    """

    tenant: TenantId | None
    tables: tuple[str, ...]


def tenant_column(*arguments: Any, name: str = TENANT_COLUMN, **options: Any) -> sa.Column[int]:
    """Return the column that every tenant table carries, first in its keys and indexes.

    Args:
        arguments: What `sqlalchemy.Column` takes after the type, such as a foreign key.
        name: The column's name, as `Adoption.tenant_column` says it.
        options: What `sqlalchemy.Column` takes by keyword.
    """
    return sa.Column(name, sa.BigInteger, *arguments, nullable=False, info={_TENANT: True}, **options)


def select(source: FromClause, *columns: Any) -> sa.Select[Any]:
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


def join(left: FromClause, right: sa.Table, on: ColumnElement[bool], *, outer: bool = False) -> sa.Join:
    """Join two tables of one tenant: `on`, and the same tenant on both sides."""
    same_tenant = [
        _column(table) == _column(right) for table in _tenant_tables(left)[:1] if _tenant_tables(right)
    ]
    return sa.join(left, right, sa.and_(on, *same_tenant), isouter=outer)


def insert(table: sa.Table, **values: Any) -> sa.Insert:
    """Return an INSERT of one row of the bound tenant."""
    tenant = current_tenant()
    return _marked(sa.insert(table).values({_column(table).name: tenant, **values}), tenant, table)


def update(table: sa.Table) -> sa.Update:
    """Return an UPDATE of the bound tenant's rows; narrow it with `where`, fill it with `values`."""
    tenant = current_tenant()
    return _marked(sa.update(table).where(_column(table) == tenant), tenant, table)


def delete(table: sa.Table) -> sa.Delete:
    """Return a DELETE of the bound tenant's rows; narrow it with `where`."""
    tenant = current_tenant()
    return _marked(sa.delete(table).where(_column(table) == tenant), tenant, table)


def upsert(insertion: Any, table: sa.Table, key: Sequence[str], changes: Mapping[str, Any]) -> Any:
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


def select_of_all_tenants(source: FromClause, *columns: Any) -> sa.Select[Any]:
    """Return a SELECT over the rows of all tenants, for operators, in `Database.reading_all` alone."""
    statement = sa.select(*(columns or (source,))).select_from(source)
    return _marked(statement, None, source)


def select_tenants(table: sa.Table) -> sa.Select[Any]:
    """Return a SELECT of the tenants that have rows in `table`, for operators as above."""
    column = _column(table)
    return select_of_all_tenants(table, column).distinct().order_by(column)


def require_scope(statement: sa.Executable, tenant: TenantId | None, column: str = TENANT_COLUMN) -> None:
    """Check that every tenant table the statement touches was filtered for `tenant`.

    Args:
        statement: What is about to run.
        tenant: Whose rows it may touch; None for those of all tenants.
        column: The tenant column's name: a table that carries such a column is a tenant table,
            whoever declared it.

    Raises:
        UnscopedStatement: A table that carries the tenant column was reached another way.
        CrossTenantAccess: The filter is that of another tenant.
    """
    _require(statement, tenant, column, ())


def filtered_tables(statement: sa.Executable) -> tuple[str, ...]:
    """Return the names of the tables that a statement built here was filtered on."""
    mark: Mark | None = statement.get_execution_options().get(_OPTION)
    return () if mark is None else mark.tables


def _require(element: Any, tenant: TenantId | None, column: str, covered: tuple[str, ...]) -> None:
    children = element.get_children
    if isinstance(element, sa.TextClause):
        raise UnscopedStatement("raw SQL")  # text cannot be checked
    if isinstance(element, sa.Executable):
        # A nested statement answers for its own tables: its parent's filter does not reach into it.
        mark: Mark | None = element.get_execution_options().get(_OPTION)
        covered = () if mark is None else mark.tables
        if mark is not None and mark.tenant != tenant:
            raise CrossTenantAccess(tenant or 0, mark.tenant or 0)
        if isinstance(element, (sa.Insert, sa.Update, sa.Delete)):
            _require_covered(element.table, column, covered)
    if isinstance(element, sa.Table):
        _require_covered(element, column, covered)
    for child in children():
        _require(child, tenant, column, covered)


def _require_covered(table: Any, column: str, covered: tuple[str, ...]) -> None:
    if table.name not in covered and (column in table.c or _declared(table) is not None):
        raise UnscopedStatement(table.name)


def _marked(statement: _Statement, tenant: TenantId | None, source: FromClause) -> _Statement:
    tables = tuple(table.name for table in _tenant_tables(source))
    return statement.execution_options(**{_OPTION: Mark(tenant, tables)})


def _tenant_tables(source: FromClause) -> list[sa.Table]:
    return [table for table in _tables(source) if _declared(table) is not None]


def _column(table: sa.Table) -> sa.Column[Any]:
    """Return the tenant column of a table; without one nothing could tell its rows apart."""
    column = _declared(table)
    if column is None:
        raise UnscopedStatement(table.name)
    return column


def _declared(table: sa.Table) -> sa.Column[Any] | None:
    return next((column for column in table.columns if _TENANT in column.info), None)


def _tables(source: FromClause) -> Iterable[sa.Table]:
    if isinstance(source, sa.Table):
        return [source]
    if isinstance(source, sa.Join):
        return [*_tables(source.left), *_tables(source.right)]
    raise UnscopedStatement(str(getattr(source, "name", "a subquery")))
