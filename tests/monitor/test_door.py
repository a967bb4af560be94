"""The public door: exactly the names it says, each loaded when it is asked for."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import pytest

import monitor
from tests.binaries import ROOT

DOOR = Path(monitor.__file__)
HOMES: dict[str, str] = vars(monitor)["_HOMES"]
# A first change is one of the kit itself: its pieces of code are lines for the rooms, not an adopter's.
PAGES = [path for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "first-change.md"]
SHOWN = [ROOT / "README.md", *PAGES, *sorted((ROOT / "examples").glob("*.py"))]


def declared() -> dict[str, str]:
    """Return what a type checker is told: name, and where it lives."""
    branch = next(
        node
        for node in ast.parse(DOOR.read_text()).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    told = {}
    for node in branch.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            is_module = inspect.ismodule(resolve_name(f"{node.module}.{alias.name}"))
            told[alias.asname or alias.name] = (
                f"{node.module}.{alias.name}:" if is_module else f"{node.module}:{alias.name}"
            )
    return told


def shown_code(path: Path) -> Iterator[str]:
    if path.suffix == ".py":
        yield path.read_text()
    else:
        yield from re.findall(r"^```python\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)


def test_checker_star_and_run_time_see_the_same_names() -> None:
    """The three lists of the door name the same things in the same places."""
    assert declared() == HOMES
    assert sorted(monitor.__all__) == sorted(HOMES)


@pytest.mark.parametrize("name", monitor.__all__)
def test_each_name_is_the_thing_of_its_room(name: str) -> None:
    """A name at the door is the object itself, and has a docstring for the page."""
    home, _, attribute = HOMES[name].partition(":")
    module = importlib.import_module(home)

    assert getattr(monitor, name) is (getattr(module, attribute) if attribute else module)
    assert inspect.getdoc(getattr(monitor, name))


def test_importing_the_door_loads_nothing() -> None:
    """`import monitor` adds one module to a bare interpreter; `from monitor import bind` what bind needs."""
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); before = set(sys.modules); import monitor;"
        "print(*sorted(set(sys.modules) - before)); from monitor import bind;"
        "print(*sorted(name for name in sys.modules if name.startswith('monitor')))"
    )
    ran = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    alone, for_bind = ran.stdout.splitlines()

    assert alone == "monitor"
    assert for_bind.split() == [
        "monitor",
        "monitor.errors",
        "monitor.extras",
        "monitor.tenancy",
        "monitor.tenancy.context",
        "monitor.tenancy.identity",
    ]


def test_a_name_that_is_not_there_says_where_the_list_is() -> None:
    """A typo is an AttributeError that points at the page, and `hasattr` stays false."""
    with pytest.raises(AttributeError, match=r"no attribute 'build_montior'; docs/api\.md lists"):
        vars(monitor)["__getattr__"]("build_montior")
    assert not hasattr(monitor, "Interceptor")


def test_dir_lists_the_names_before_they_are_loaded() -> None:
    """An editor's or a shell's completion offers the public names and nothing else."""
    assert set(dir(monitor)) == {*monitor.__all__, "__version__"}


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.name)
def test_what_is_shown_to_adopters_comes_through_the_door(path: Path) -> None:
    """Examples, README and documents import from `monitor` and from no room of it."""
    wrong = []
    for code in shown_code(path):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                wrong += [alias.name for alias in node.names if alias.name.startswith("monitor.")]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "monitor":
                wrong += [str(node.module)] if node.module != "monitor" else []
                wrong += [alias.name for alias in node.names if alias.name not in monitor.__all__]

    assert [] == wrong


def test_the_rule_over_shown_code_has_something_to_judge() -> None:
    """The documents and examples do hold imports from the door."""
    assert sum("from monitor import" in code for path in SHOWN for code in shown_code(path)) >= 3
