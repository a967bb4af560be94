"""One word, one thing: a class or a file of the kit is found by its name alone."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.architecture.floors import ROOT

KIT = sorted((ROOT / "monitor").rglob("*.py"))
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
# What shares a file's name, and why it may.
SHARED = {
    "__main__.py": "what `python -m` runs",
    "runtime.py": "a board is named by what it shows, and so is the console's page",
    "service.py": "a board is named by what it shows",
    "tables.py": "the console's HTML and a board's panels",
    "tenants.py": "a board is named by what it shows, and so is the console's page",
}
_WORD = re.compile(r"`(\w+)`")


def definitions(source: str) -> Iterator[tuple[str, str]]:
    """Yield the public classes and aliases of a module with what they mean; type variables are notation."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            yield node.name, f"{node.name} at {node.lineno}"
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name[0].isupper() and not name.isupper() and "TypeVar(" not in ast.unparse(node.value):
                yield name, ast.unparse(node.value)


def several(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the public names that stand for more than one thing, and where; the same alias is one."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for place, source in sources:
        for name, meaning in definitions(source):
            if not name.startswith("_"):
                is_alias = not meaning.startswith(f"{name} at ")
                found[name][meaning if is_alias else f"{place} {meaning}"].append(place)
    return {
        name: sorted(place for places in meanings.values() for place in places)
        for name, meanings in found.items()
        if len(meanings) > 1
    }


def test_a_class_name_means_one_thing() -> None:
    """No two modules of the kit define a public class or alias of one name for two things."""
    sources = [(str(path.relative_to(ROOT)), path.read_text()) for path in KIT]

    assert {} == several(sources)


def test_a_second_meaning_is_found() -> None:
    """Two classes, or two aliases of different types; the same alias twice is one thing."""
    same = "Handler = Callable[[int], str]\n"
    other = "Handler = Callable[[str], str]\n"

    assert {} == several([("a", same), ("b", same), ("c", "_Scope = int"), ("d", "_Scope = str")])
    assert {"Handler": ["a", "b"]} == several([("a", same), ("b", other)])
    assert {"Scope": ["a", "b"]} == several([("a", "class Scope: ..."), ("b", "class Scope: ...")])
    assert {} == several([("a", "T = TypeVar('T')"), ("b", "T = TypeVar('T', int, str)")])


def test_a_file_name_means_one_thing() -> None:
    """No two files of the kit share a name, but for those that say why they may."""
    named: dict[str, list[Path]] = defaultdict(list)
    for path in KIT:
        if path.name != "__init__.py":
            named[path.name].append(path)

    assert sorted(SHARED) == sorted(name for name, paths in named.items() if len(paths) > 1)


def test_what_the_glossary_names_is_in_the_code() -> None:
    """Each class that the glossary points to is there, once."""
    classes = {name for path in KIT for name, _ in definitions(path.read_text())}
    named = {word for word in _WORD.findall(GLOSSARY) if word[0].isupper()}

    assert len(named) > 15
    assert named <= classes
