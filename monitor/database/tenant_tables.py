"""Which tables are tenants' and which are shared: a table that says neither is nobody's to touch."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.selectable import FromClause

from monitor.database.database_settings import TENANT_COLUMN
from monitor.errors import ConfigurationError
from monitor.tenancy.identity import TenantId

_TENANT, _SHARED = "monitor_tenant", "monitor_shared"
_OPTION = "monitor_scope"
_Described = TypeVar("_Described")


class Mark(NamedTuple):
    """For whom a statement was filtered, and on which tables.

    Attributes:
        tenant: The tenant; None for all of them.
        tables: Full names of the tables whose rows the filter covers, in the order they were named.
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


def scoped(described: _Described, column: str = TENANT_COLUMN) -> _Described:
    """Declare a table, or a mapped class, as the tenants', and return it.

    Args:
        described: A `sqlalchemy.Table` or a class mapped to one, however it was described.
        column: The column that holds the tenant.

    Raises:
        ConfigurationError: It has no such column.
    """
    table = table_of(described)
    if not isinstance(table, sa.Table) or column not in table.c:
        raise ConfigurationError("scoped", f"{getattr(table, 'name', described)} has no column `{column}`")
    table.c[column].info[_TENANT] = True
    return described


def shared(described: _Described) -> _Described:
    """Declare a table, or a mapped class, as shared by all tenants, and return it.

    Raises:
        ConfigurationError: It is declared as the tenants'.
    """
    table = table_of(described)
    if not isinstance(table, sa.Table) or declared_column(table) is not None:
        raise ConfigurationError(
            "shared", f"{getattr(table, 'name', described)} is no table that all may share"
        )
    table.info[_SHARED] = True
    return described


def table_of(described: Any) -> Any:
    """Return the table of a mapped class; anything else as it is."""
    return getattr(described, "__table__", described)


def declared_column(table: FromClause) -> sa.ColumnElement[Any] | None:
    """Return the column that holds the tenant; None where the table is not declared as the tenants'."""
    return next((column for column in table.columns if _TENANT in getattr(column, "info", ())), None)


def is_shared(table: FromClause) -> bool:
    """Say whether the table is declared as shared."""
    return _SHARED in getattr(table, "info", ())


def full_name(table: FromClause) -> str:
    """Return the table's name with its schema."""
    return str(getattr(table, "fullname", None) or getattr(table, "name", "a subquery"))


def marked(statement: Any, mark: Mark) -> Any:
    """Return the statement with `mark` on it."""
    return statement.execution_options(**{_OPTION: mark})


def mark_of(statement: sa.Executable) -> Mark | None:
    """Return the mark of a statement that `scope` has built; None where it did not."""
    mark: Mark | None = statement.get_execution_options().get(_OPTION)
    return mark
