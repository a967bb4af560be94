"""No function asks for more attention than a reader has."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.binaries import ROOT

MOST = 12  # McCabe (1976) drew the line at 10; ruff's C901 holds that, without the operators counted here
BRANCHES = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.comprehension,
    ast.match_case,
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def complexity(function: ast.AST) -> int:
    """Count the ways through: branches, loops, handlers, comprehensions, and each `and` or `or`."""
    ways = 1
    for node in inside(function):
        ways += isinstance(node, BRANCHES)
        ways += len(node.ifs) if isinstance(node, ast.comprehension) else 0
        ways += len(node.values) - 1 if isinstance(node, ast.BoolOp) else 0
    return ways


def inside(function: ast.AST) -> Iterator[ast.AST]:
    """Yield a function's own nodes; a function within it is judged by itself."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, FUNCTIONS):
            yield from inside(child)


def test_no_function_has_more_than_twelve_ways_through() -> None:
    """Cyclomatic complexity, boolean operators counted, stays at 12 or below in every function."""
    found = [
        (complexity(node), f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
        for package in ("monitor", "app", "scripts", "examples")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, FUNCTIONS)
    ]

    assert len(found) > 1_000
    assert [] == [(ways, where) for ways, where in found if ways > MOST]


def test_every_kind_of_way_counts() -> None:
    """Branch, loop, condition, handler, conditional expression and operator each add one."""
    source = """
def judged(rows):
    try:
        return [row for row in rows if row and row > 1 or row < 0]
    except OSError:
        return 1 if rows else 2
    """
    assert complexity(ast.parse(source).body[0]) == 1 + 2 + 2 + 1 + 1
