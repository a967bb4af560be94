"""No statement reaches tenant data without the filter of the bound tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from monitor.database import scope
from monitor.database.engine import Database
from monitor.errors import CrossTenantAccess, TenantNotBound, UnscopedStatement
from monitor.tenancy.context import bind
from monitor.tenancy.identity import TenantId
from tests.monitor.database.notes import NOTES, PAGES, WORDS

Build = Callable[[], Any]

SCOPED: dict[str, Build] = {
    "select": lambda: scope.select(NOTES),
    "some columns": lambda: scope.select(NOTES, NOTES.c.text).order_by(NOTES.c.id).limit(3),
    "count": lambda: scope.select(NOTES, sa.func.count()),
    "insert": lambda: scope.insert(NOTES, id=1, text=""),
    "update": lambda: scope.update(NOTES).where(NOTES.c.id == 1).values(text=""),
    "delete": lambda: scope.delete(NOTES).where(NOTES.c.id == 1).returning(NOTES.c.id),
    "join": lambda: scope.select(scope.join(PAGES, NOTES, PAGES.c.note_id == NOTES.c.id), PAGES.c.id),
    "outer join": lambda: scope.select(scope.join(PAGES, NOTES, PAGES.c.note_id == NOTES.c.id, outer=True)),
    "subquery": lambda: scope.select(NOTES).where(NOTES.c.id.in_(scope.select(PAGES, PAGES.c.note_id))),
    "cte": lambda: sa.select(scope.select(NOTES).cte("mine")),
    "shared table": lambda: sa.select(WORDS),
    "join with a shared table": lambda: scope.select(scope.join(NOTES, WORDS, NOTES.c.text == WORDS.c.word)),
    "no table": lambda: sa.select(sa.literal(1)),
}

UNSCOPED: dict[str, Build] = {
    "select": lambda: sa.select(NOTES),
    "select with a filter by hand": lambda: sa.select(NOTES).where(NOTES.c[scope.TENANT_COLUMN] == 1),
    "alias": lambda: sa.select(NOTES.alias("n")),
    "insert": lambda: sa.insert(NOTES).values(id=1),
    "update": lambda: sa.update(NOTES).values(text=""),
    "delete": lambda: sa.delete(NOTES),
    "join after": lambda: scope.select(NOTES).join(PAGES, PAGES.c.note_id == NOTES.c.id),
    "a column of another table": lambda: scope.select(NOTES, PAGES.c.id),
    "subquery": lambda: scope.select(NOTES).where(NOTES.c.id.in_(sa.select(PAGES.c.note_id))),
    "subquery on the same table": lambda: scope.select(NOTES).where(NOTES.c.id.in_(sa.select(NOTES.c.id))),
    "subquery in values": lambda: scope.update(NOTES).values(text=sa.select(PAGES.c.id).scalar_subquery()),
    "union": lambda: scope.select(NOTES).union(sa.select(NOTES)),
    "insert from select": lambda: sa.insert(WORDS).from_select(["word"], sa.select(NOTES.c.text)),
    "cte": lambda: sa.select(sa.select(NOTES).cte("all")),
    "exists": lambda: sa.select(sa.exists().where(NOTES.c.id == 1)),
    "text": lambda: sa.text("SELECT * FROM notes"),
    "text within": lambda: scope.select(NOTES).where(sa.text("1 = 1")),
}


@pytest.mark.parametrize("build", SCOPED.values(), ids=SCOPED)
def test_what_scope_builds_may_run(build: Build) -> None:
    """Statements built by the scope, and those on shared tables, pass for the tenant they were built for."""
    with bind(1):
        scope.require_scope(build(), TenantId(1))


@pytest.mark.parametrize("build", UNSCOPED.values(), ids=UNSCOPED)
def test_what_was_built_otherwise_is_refused(build: Build) -> None:
    """A tenant's table reached any other way is refused, also inside a statement that is scoped."""
    with bind(1), pytest.raises(UnscopedStatement):
        scope.require_scope(build(), TenantId(1))


@pytest.mark.parametrize("name", [name for name in SCOPED if "shared" not in name and name != "no table"])
def test_a_statement_of_one_tenant_is_refused_under_another(name: str) -> None:
    """A statement remembers for whom it was filtered."""
    with bind(1):
        statement = SCOPED[name]()

    with pytest.raises(CrossTenantAccess):
        scope.require_scope(statement, TenantId(2))


@pytest.mark.parametrize("build", SCOPED.values(), ids=SCOPED)
def test_nothing_tenant_bound_is_built_without_a_tenant(build: Build) -> None:
    """Without a bound tenant the builders fail closed; statements without tenant data need none."""
    try:
        statement = build()
    except TenantNotBound:
        return

    assert () == scope.filtered_tables(statement)


def test_a_statement_over_all_tenants_needs_the_operators_door() -> None:
    """A statement over all tenants passes at the operator's door alone, and no other passes there."""
    with pytest.raises(CrossTenantAccess):
        scope.require_scope(scope.select_of_all_tenants(NOTES), TenantId(1))
    with bind(1), pytest.raises(CrossTenantAccess):
        scope.require_scope(scope.select(NOTES), None)

    scope.require_scope(scope.select_of_all_tenants(NOTES), None)


def test_a_table_with_a_tenant_column_that_nobody_declared_is_refused() -> None:
    """A column of the service's tenant column's name makes a table a tenant's, whoever described it."""
    reflected = sa.Table("orders", sa.MetaData(), sa.Column("account_id", sa.BigInteger), sa.Column("total"))

    with bind(1), pytest.raises(UnscopedStatement):
        scope.require_scope(sa.select(reflected), TenantId(1), "account_id")
    with bind(1), pytest.raises(UnscopedStatement):
        scope.require_scope(scope.select(reflected), TenantId(1), "account_id")
    with bind(1), pytest.raises(UnscopedStatement):
        scope.insert(reflected, total=1)


def test_a_subquery_is_no_source() -> None:
    """Only tables and joins can be filtered; anything else is refused when it is built."""
    with bind(1), pytest.raises(UnscopedStatement):
        scope.select(sa.select(NOTES).subquery("s"))


async def test_the_doors_refuse_an_unscoped_statement(database: Database) -> None:
    """Reader and unit of work check before the database is asked."""
    with bind(1):
        async with database.reading() as reader:
            with pytest.raises(UnscopedStatement):
                await reader.all(sa.select(NOTES))
        async with database.writing() as unit:
            with pytest.raises(UnscopedStatement):
                await unit.execute(sa.delete(NOTES))


async def test_an_operator_may_ask_which_tenants_there_are(database: Database) -> None:
    """Each tenant with rows is named once, in order, at the operator's door alone."""
    for tenant in (2, 1):
        with bind(tenant):
            async with database.writing() as unit:
                await unit.execute(scope.insert(NOTES, id=1, text=""))
                await unit.execute(scope.insert(NOTES, id=2, text=""))

    async with database.reading_all() as reader:
        assert [(1,), (2,)] == [tuple(row) for row in await reader.all(scope.select_tenants(NOTES))]
    with bind(1):
        async with database.reading() as reader:
            with pytest.raises(CrossTenantAccess):
                await reader.all(scope.select_tenants(NOTES))


async def test_each_builder_stays_within_its_tenant(database: Database) -> None:
    """Reads, updates, deletes and joins of one tenant leave the rows of another untouched."""
    for tenant in (1, 2):
        with bind(tenant):
            async with database.writing() as unit:
                await unit.execute(scope.insert(NOTES, id=1, text="a"))
                await unit.execute(scope.insert(NOTES, id=2, text="b"))
                await unit.execute(scope.insert(PAGES, id=1, note_id=1))

    with bind(1):
        async with database.writing() as unit:
            await unit.execute(scope.update(NOTES).values(text="changed"))
            await unit.execute(scope.delete(PAGES))
    with bind(2):
        joined = scope.join(PAGES, NOTES, PAGES.c.note_id == NOTES.c.id)
        async with database.reading() as reader:
            assert [(1, "a")] == [
                tuple(row) for row in await reader.all(scope.select(joined, PAGES.c.id, NOTES.c.text))
            ]
            assert 2 == await reader.scalar(scope.select(NOTES, sa.func.count()))


@given(tenant=st.integers(1, 2**63 - 1), other=st.integers(1, 2**63 - 1))
def test_every_filter_names_the_bound_tenant(tenant: int, other: int) -> None:
    """Whatever the tenant, it alone stands in the statement's filter, and no other passes with it."""
    with bind(tenant):
        statement = scope.select(NOTES)

    assert [tenant] == list(statement.compile().params.values())
    scope.require_scope(statement, TenantId(tenant))
    if other != tenant:
        with pytest.raises(CrossTenantAccess):
            scope.require_scope(statement, TenantId(other))
