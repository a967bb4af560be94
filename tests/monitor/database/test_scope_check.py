"""Whatever a statement is made of, it reaches the bound tenant's rows or is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column

from monitor.database import scope
from monitor.database.scope_check import ScopeRule, require_scope
from monitor.errors import ConfigurationError, CrossTenantAccess, UndeclaredTable, UnscopedStatement
from monitor.tenancy.context import bind
from monitor.tenancy.identity import TenantId
from tests.monitor.database.notes import METADATA, NOTES, PAGES, WORDS

OURS, THEIRS = TenantId(1), TenantId(2)
SECRET = "of another tenant"
STRAY = sa.Table(
    "stray", METADATA, sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("text", sa.Text)
)
ELSEWHERE = sa.Table("notes", sa.MetaData(), *(sa.Column(c.name, c.type) for c in NOTES.c), schema="archive")


class Base(DeclarativeBase):
    """What the tests' entities are mapped by."""


class Order(Base):
    """An adopter's own entity, whose tenants are accounts."""

    __tablename__ = "orders"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


class Currency(Base):
    """An adopter's own entity that all accounts share."""

    __tablename__ = "currencies"
    code: Mapped[str] = mapped_column(primary_key=True)


class Forgotten(Base):
    """An entity of which nobody has said anything."""

    __tablename__ = "forgotten"
    id: Mapped[int] = mapped_column(primary_key=True)


scope.scoped(Order, "account_id")
scope.shared(Currency)

Build = Callable[[], Any]

REFUSED: dict[str, Build] = {
    "an undeclared table": lambda: sa.select(STRAY),
    "an undeclared table by name alone": lambda: sa.select(sa.table("stray", sa.column("text"))),
    "a join with an undeclared table": lambda: scope.select(scope.join(NOTES, STRAY, sa.true())),
    "an insert into an undeclared table": lambda: sa.insert(STRAY).values(id=1),
    "an update of an undeclared table": lambda: sa.update(STRAY).values(text=""),
    "a delete from an undeclared table": lambda: sa.delete(STRAY),
    "an undeclared entity": lambda: sa.select(Forgotten),
    "an alias of a filtered table": lambda: scope.select(NOTES).join(NOTES.alias("n"), sa.true()),
    "a column of an alias": lambda: scope.select(NOTES, NOTES.alias("n").c.text),
    "a sample": lambda: scope.select(NOTES).join(sa.tablesample(NOTES, 5), sa.true()),
    "a table of the same name elsewhere": lambda: scope.select(NOTES).join(ELSEWHERE, sa.true()),
    "update from": lambda: (
        scope.update(NOTES).where(NOTES.c.id == PAGES.c.note_id).values(text=sa.cast(PAGES.c.id, sa.Text))
    ),
    "delete using": lambda: scope.delete(NOTES).where(NOTES.c.id == PAGES.c.note_id),
    "a subquery in an upsert": lambda: scope.upsert(
        postgresql.insert(NOTES).values(id=1, text=""),
        NOTES,
        ["id"],
        {"text": sa.select(PAGES.c.id).scalar_subquery()},
    ),
    "literal SQL": lambda: scope.select(NOTES, sa.literal_column("(select text from pages)")),
    "a lambda": lambda: scope.select(NOTES).where(lambda: NOTES.c.id.in_(sa.select(PAGES.c.note_id))),
    "a statement from a lambda": lambda: sa.lambda_stmt(lambda: sa.select(NOTES)),
    "a textual select": lambda: sa.text("select id from notes").columns(NOTES.c.id),
    "a suffix": lambda: scope.select(NOTES).suffix_with("union select * from notes"),
    "a hint": lambda: scope.select(NOTES).with_statement_hint("union select * from notes"),
    "a common table that nothing names": lambda: scope.select(NOTES).add_cte(sa.delete(NOTES).cte("gone")),
    "a prefix": lambda: scope.select(NOTES).prefix_with("(select 1 from notes), "),
    "a definition": lambda: sa.schema.DropTable(NOTES),
    "definition by text": lambda: cast("Any", sa.DDL)("drop table notes"),
    "a lateral": lambda: scope.select(NOTES).join(sa.select(PAGES).lateral(), sa.true()),
    "a nested common table": lambda: sa.select(sa.select(sa.select(NOTES).cte("a")).cte("b")),
    "a deletion in a common table": lambda: sa.select(sa.delete(NOTES).returning(NOTES.c.id).cte("gone")),
    "the rows that come back": lambda: scope.delete(NOTES).returning(sa.select(PAGES.c.id).scalar_subquery()),
    "an order": lambda: scope.select(NOTES).order_by(sa.select(PAGES.c.id).scalar_subquery()),
}


@pytest.mark.parametrize("build", REFUSED.values(), ids=REFUSED)
def test_every_way_around_the_filter_is_refused(build: Build) -> None:
    """Aliases, joins, subqueries, common tables, text, DDL and undeclared tables fail closed."""
    with bind(OURS), pytest.raises(UnscopedStatement):
        require_scope(build(), OURS)


@pytest.mark.parametrize(
    "build",
    [
        lambda: scope.insert(NOTES, id=1, text="").values(**{scope.TENANT_COLUMN: 2}),
        lambda: scope.insert(NOTES, **{scope.TENANT_COLUMN: 2}, id=1, text=""),
        lambda: scope.update(NOTES).values(**{scope.TENANT_COLUMN: 2}),
        lambda: scope.update(NOTES).ordered_values((NOTES.c[scope.TENANT_COLUMN], 2)),
        lambda: scope.upsert(
            sqlite.insert(NOTES).values(id=1, text=""), NOTES, ["id"], {scope.TENANT_COLUMN: 2}
        ),
        lambda: scope.insert(NOTES, id=1).values([{scope.TENANT_COLUMN: 2, "id": 1, "text": ""}]),
    ],
)
def test_no_row_is_written_for_another_tenant(build: Build) -> None:
    """Values that are set after or beside the filter do not outrank it."""
    with bind(OURS), pytest.raises(CrossTenantAccess):
        require_scope(build(), OURS)


def test_no_row_of_many_names_another_tenant() -> None:
    """What a statement is run for is held to the same as the statement."""
    with bind(OURS):
        statement = scope.insert(NOTES)
    rule = ScopeRule(scope.TENANT_COLUMN)
    rule.require(statement, OURS, [{"id": 1, "text": ""}, {scope.TENANT_COLUMN: 1, "id": 2, "text": ""}])

    with pytest.raises(CrossTenantAccess):
        rule.require(statement, OURS, [{"id": 1, "text": ""}, {scope.TENANT_COLUMN: 2, "id": 2, "text": ""}])


def test_an_adopters_entities_are_scoped_by_their_own_column() -> None:
    """Mapped classes are declared like tables, filtered by builders, and refused without them."""
    with bind(OURS):
        statement = scope.select(Order, Order.id).where(Order.text == "a")
        require_scope(statement, OURS, "account_id")
        require_scope(sa.select(Currency), OURS, "account_id")
        require_scope(scope.insert(Order, id=1, text=""), OURS, "account_id")

        for build in (
            lambda: sa.select(Order),
            lambda: sa.select(aliased(Order)),
            lambda: sa.select(Currency).where(Currency.code == Order.text),
            lambda: sa.update(Order).values(text=""),
            lambda: scope.select(Order).join(aliased(Order), sa.true()),
        ):
            with pytest.raises(UnscopedStatement):
                require_scope(build(), OURS, "account_id")

    assert "orders.account_id = :account_id_1" in str(statement)


def test_a_declaration_that_cannot_be_true_is_refused() -> None:
    """No table is scoped by a column that it lacks, and no tenant's table is shared."""
    with pytest.raises(ConfigurationError, match="no_such"):
        scope.scoped(STRAY, "no_such")
    with pytest.raises(ConfigurationError, match="notes"):
        scope.shared(NOTES)


def test_an_undeclared_table_is_told_from_an_unscoped_one() -> None:
    """The error says what to declare; a tool that knows its tables may leave that."""
    with pytest.raises(UndeclaredTable, match=r"scope\.shared"):
        require_scope(sa.select(STRAY), OURS)

    require_scope(sa.select(STRAY), OURS, declared_only=False)
    with pytest.raises(UnscopedStatement):
        require_scope(sa.select(NOTES), OURS, declared_only=False)


@pytest.fixture(scope="module")
def two_tenants() -> Iterator[sa.Connection]:
    """Give a database in which every text of the other tenant, and of the stray table, is the secret."""
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        for tenant, text in ((OURS, "ours"), (THEIRS, SECRET)):
            with bind(tenant):
                for number in (1, 2):
                    connection.execute(scope.insert(NOTES, id=number, text=text))
                    connection.execute(scope.insert(PAGES, id=number, note_id=number))
        connection.execute(sa.insert(STRAY).values(id=1, text=SECRET))
        connection.execute(sa.insert(WORDS).values(word="shared"))
        yield connection


def _texts() -> st.SearchStrategy[Any]:
    """Generate statements of one column, `text`, some filtered and some not, nested in many ways."""
    leaves = st.sampled_from(
        [
            lambda: scope.select(NOTES, NOTES.c.text.label("text")),
            lambda: scope.select(
                scope.join(PAGES, NOTES, PAGES.c.note_id == NOTES.c.id), NOTES.c.text.label("text")
            ),
            lambda: sa.select(WORDS.c.word.label("text")),
            lambda: sa.select(NOTES.c.text.label("text")),
            lambda: sa.select(NOTES.alias("n").c.text.label("text")),
            lambda: sa.select(STRAY.c.text.label("text")),
            lambda: scope.select(NOTES, NOTES.alias("n").c.text.label("text")),
            lambda: scope.select(PAGES, NOTES.c.text.label("text")),
            lambda: sa.text("select text from notes").columns(NOTES.c.text),
            lambda: sa.select(sa.literal_column("text").label("text")).select_from(sa.text("notes")),
        ]
    )
    return st.recursive(leaves, lambda inner: st.builds(_wrap, inner, inner, st.integers(0, 6)), max_leaves=4)


def _wrap(one: Build, other: Build, how: int) -> Build:
    def build() -> Any:
        first = one().subquery()
        ways: list[Build] = [
            lambda: sa.select(first.c.text),
            lambda: sa.select(one().cte().c.text),
            lambda: sa.union_all(sa.select(first.c.text), sa.select(other().subquery().c.text)),
            lambda: scope.select(NOTES, sa.select(first.c.text).limit(1).scalar_subquery().label("text")),
            lambda: sa.select(first.c.text).where(sa.exists(sa.select(other().subquery().c.text))),
            lambda: sa.select(sa.select(first.c.text).limit(1).scalar_subquery().label("text")),
            lambda: sa.select(other().subquery().c.text.label("text")).join(first, sa.true()),
        ]
        return ways[how]()

    return build


@given(build=_texts())
def test_no_statement_that_passes_shows_another_tenants_text(
    two_tenants: sa.Connection, build: Build
) -> None:
    """Over generated statements: what is not refused is run, and never shows what is not the tenant's."""
    with bind(OURS):
        statement = build()
    try:
        require_scope(statement, OURS)
    except UnscopedStatement:
        return

    assert SECRET not in two_tenants.execute(statement).scalars().all()


@given(build=_texts())
def test_generated_writes_never_copy_another_tenants_text(two_tenants: sa.Connection, build: Build) -> None:
    """The same for what a write takes its values from."""
    with bind(OURS):
        source = sa.select(build().subquery().c.text).limit(1).scalar_subquery()
        statement = scope.update(NOTES).values(text=source)
    try:
        require_scope(statement, OURS)
    except UnscopedStatement:
        return

    with two_tenants.begin_nested() as savepoint, bind(OURS):
        two_tenants.execute(statement)
        kept = two_tenants.execute(scope.select(NOTES, NOTES.c.text)).scalars().all()
        savepoint.rollback()
    assert SECRET not in kept
