"""The tenant filter is written in monitor/database/scope.py and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COLUMN = "clinic_id"
HOME = ROOT / "monitor/database/scope.py"
# The history of the database is written out, so that a later change of the code does not change it.
EXEMPT = (HOME, ROOT / "app/migrations/versions")
# Reading the rows of all tenants is for operators and for what runs on behalf of every clinic.
OPERATORS = {"app/services/clinics.py", "app/demo/seeding.py", "monitor/database/scope.py"}
ACROSS_TENANTS = ("select_of_all_tenants", "select_tenants")


def offences(source: str) -> Iterator[str]:
    """Name every place that could filter by tenant, or go around the filter."""
    for node in ast.walk(ast.parse(source)):
        where = f"line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Attribute) and node.attr == COLUMN and _is_columns(node.value):
            yield f"{where}: the column is reached as an attribute"
        if isinstance(node, ast.Subscript) and _names_column(node.slice):
            yield f"{where}: the column is reached by subscript"
        if isinstance(node, ast.Call) and _hands_column_over(node):
            yield f"{where}: the column is handed to {ast.unparse(node.func)}"
        if isinstance(node, ast.Dict) and any(key is not None and _names_column(key) for key in node.keys):
            yield f"{where}: the column is written in a dict"


def raw_statements(source: str) -> Iterator[str]:
    """Name every statement on SQLAlchemy's own builders, and every raw one."""
    builders = {"select", "insert", "update", "delete", "text"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if (
                node.func.attr in builders
                and isinstance(owner, ast.Name)
                and owner.id in ("sa", "sqlalchemy")
            ):
                yield f"line {node.lineno}: {ast.unparse(node.func)}"
            if node.func.attr == "exec_driver_sql":
                yield f"line {node.lineno}: raw SQL"
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "sqlalchemy":
            yield from (
                f"line {node.lineno}: imports {alias.name}" for alias in node.names if alias.name in builders
            )


def _is_columns(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("c", "columns")


def _names_column(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and node.value == COLUMN) or (
        isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).endswith("TENANT_COLUMN")
    )


def _hands_column_over(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    by_keyword = called.split(".")[-1] in ("values", "filter_by", "where", "insert", "update") and any(
        keyword.arg == COLUMN for keyword in call.keywords
    )
    by_name = called.split(".")[-1] in ("column", "literal_column", "getattr", "text") and any(
        isinstance(argument, ast.Constant) and COLUMN in str(argument.value) for argument in call.args
    )
    return by_keyword or by_name


def _sources(*packages: str) -> list[Path]:
    paths = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return [path for path in paths if not any(path == home or home in path.parents for home in EXEMPT)]


def test_the_filter_is_written_in_one_place() -> None:
    """No file but scope.py names the tenant column in a statement."""
    wrong = [
        f"{path.relative_to(ROOT)} {offence}"
        for path in _sources("monitor", "app")
        for offence in offences(path.read_text())
    ]

    assert [] == wrong


def test_services_build_their_statements_in_the_scope() -> None:
    """Neither services nor routes build statements by themselves, nor send raw SQL."""
    wrong = [
        f"{path.relative_to(ROOT)} {statement}"
        for path in _sources("app/services", "app/routes")
        for statement in raw_statements(path.read_text())
    ]

    assert [] == wrong


def test_only_operators_read_all_tenants() -> None:
    """The builder over all tenants is used where operators are served, and nowhere else."""
    users = {
        str(path.relative_to(ROOT))
        for path in [*_sources("monitor", "app"), HOME]
        if any(
            isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).endswith(ACROSS_TENANTS)
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }

    assert users <= OPERATORS


@pytest.mark.parametrize(
    "mutant",
    [
        "statement.where(CONTACTS.c.clinic_id == tenant)",
        "statement.where(CONTACTS.columns.clinic_id == tenant)",
        "statement.where(CONTACTS.c['clinic_id'] == tenant)",
        "statement.where(CONTACTS.c[TENANT_COLUMN] == tenant)",
        "statement.where(CONTACTS.c[scope.TENANT_COLUMN] == tenant)",
        "statement.values(clinic_id=tenant)",
        "statement.values({'clinic_id': tenant})",
        "statement.filter_by(clinic_id=tenant)",
        "statement.where(sa.column('clinic_id') == tenant)",
        "statement.where(sa.literal_column('contacts.clinic_id') == tenant)",
        "statement.where(getattr(CONTACTS.c, 'clinic_id') == tenant)",
        "sa.text('select * from contacts where clinic_id = 1')",
    ],
)
def test_a_filter_written_elsewhere_is_caught(mutant: str) -> None:
    """Each way to write the filter by hand is found."""
    assert [] != list(offences(mutant))


@pytest.mark.parametrize(
    "mutant",
    [
        "import sqlalchemy as sa\nsa.select(CONTACTS)",
        "import sqlalchemy as sa\nsa.delete(CONTACTS)",
        "from sqlalchemy import select",
        "from sqlalchemy.sql import text",
        "connection.exec_driver_sql('select 1')",
    ],
)
def test_a_statement_around_the_scope_is_caught(mutant: str) -> None:
    """Each way around the scope's builders is found."""
    assert [] != list(raw_statements(mutant))


def test_an_identity_may_say_its_clinic() -> None:
    """Attributes and arguments of that name that are no columns are not offences."""
    assert [] == list(
        offences("token.clinic_id\nTenantSummary(clinic_id=tenant)\nidentity = claims.clinic_id")
    )
