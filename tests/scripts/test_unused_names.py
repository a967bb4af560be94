"""The list of names that others read holds what it must and nothing else."""

from __future__ import annotations

import ast

import pytest
from vulture import Vulture  # type: ignore[import-untyped]

from tests.binaries import ROOT

LIST = ROOT / "scripts" / "unused_names.py"


def listed() -> list[str]:
    """Return the names of the list, in its order."""
    statements = ast.parse(LIST.read_text()).body[1:]
    uses = [node.value for node in statements if isinstance(node, ast.Expr)]
    return [use.attr if isinstance(use, ast.Attribute) else ast.unparse(use) for use in uses]


@pytest.fixture(scope="module")
def unread() -> set[str]:
    """Give the names that no source reads, the list left out."""
    judge = Vulture()
    folders = [str(ROOT / name) for name in ("monitor", "app", "scripts", "examples")]
    judge.scavenge(folders, exclude=[str(LIST)])
    return {item.name for item in judge.get_unused_code(min_confidence=60)}


def test_no_source_is_dead(unread: set[str]) -> None:
    """What no source reads stands in the list with the one who does, or goes."""
    assert set() == unread - set(listed())


def test_a_name_that_came_to_life_leaves_the_list(unread: set[str]) -> None:
    """A line that is no longer needed would hide the next dead thing of that name."""
    assert set() == set(listed()) - unread
    assert len(listed()) == len(set(listed()))
