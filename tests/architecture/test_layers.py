"""The house stands: imports point down, siblings never meet, nothing imports its own front."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Greater numbers may import smaller ones; equal numbers only within one room.
RANKS = {
    "monitor.errors": 0,
    "monitor.clock": 0,
    "monitor.garbage": 0,
    "monitor.objectives": 0,
    "monitor.problems": 0,
    "monitor.background_queue": 0,
    "monitor.settings": 1,
    "monitor.tenancy": 1,
    "monitor.scopes": 2,
    "monitor.cache": 3,
    "monitor.database": 3,
    "monitor.metrics": 3,
    "monitor.tracing": 3,
    "monitor.definitions": 4,
    "monitor.logging": 4,
    "monitor.redis": 4,
    "monitor.testing": 5,
    "monitor.consistency": 5,
    "monitor.middleware": 6,
    "monitor.operations": 7,
    "monitor.console": 8,
    "monitor.kit": 9,
    "monitor": 9.5,  # the door: over every room, under the app
    "app.variables": 10,
    "app.folding": 10,
    "app.naming": 10,
    "app.policies": 10,
    "app.zones": 10,
    "app.errors": 10,
    "app.config": 11,
    "app.problems": 11,
    "app.keys": 11,
    "app.tables": 11,
    "app.auth": 12,
    "app.schemas": 12,
    "app.migrations": 12,
    "app.services": 13,
    "app.routes": 14,
    "app.fault_injection": 14,
    "app.openapi": 15,
    "app.api_page": 15,
    "app.warming": 15,
    "app.main": 16,
    "app.serve": 17,
    "app.demo": 17,
    "app.load": 18,
    "app.drill": 18,
    "app.run": 19,
    "app.commands": 20,
    "app": 0,
}


def sources() -> Iterator[tuple[str, Path]]:
    for package in ("monitor", "app"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                # `from package import module` takes the module; only names of its own are the front's.
                module = f"{base}.{alias.name}"
                yield module if module in MODULES else base


MODULES = dict(sources())


def room(module: str) -> str:
    """The longest ranked name that the module lies in."""
    return max((name for name in RANKS if module == name or module.startswith(name + ".")), key=len)


def inner_imports(module: str) -> set[str]:
    return {name for name in imports(MODULES[module]) if name in MODULES}


def test_imports_point_down() -> None:
    """A module imports only from rooms below it, or from its own."""
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        for name in inner_imports(module)
        if room(name) != room(module) and RANKS[room(name)] >= RANKS[room(module)]
    ]

    assert [] == wrong


def test_the_kit_never_imports_the_app() -> None:
    """`monitor` stands alone, so that any team can adopt it."""
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        if module.split(".")[0] == "monitor"
        for name in imports(path)
        if name.split(".")[0] == "app"
    ]

    assert [] == wrong


def test_no_module_imports_its_own_front() -> None:
    """Inside a room modules import each other directly, never through the room's front."""
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        for name in inner_imports(module)
        if MODULES[name].name == "__init__.py"
        and name not in ("monitor", "app")
        and module.startswith(name + ".")
    ]

    assert [] == wrong


def test_imports_have_no_cycle() -> None:
    """No chain of imports comes back to where it began."""
    graph = {module: inner_imports(module) - {module} for module in MODULES}
    done: set[str] = set()

    def walk(module: str, way: tuple[str, ...]) -> None:
        if module in way:
            pytest.fail(" > ".join((*way[way.index(module) :], module)))
        if module not in done:
            for name in graph[module]:
                walk(name, (*way, module))
            done.add(module)

    for module in graph:
        walk(module, ())

    assert done == set(MODULES)


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("redis", ("monitor.redis",)),
        ("opentelemetry.sdk", ("monitor.tracing.provider", "monitor.testing")),
        (
            "sqlalchemy",
            (
                "monitor.database",
                "monitor.consistency",
                "app.tables",
                "app.services",
                "app.migrations",
                "app.demo",
            ),
        ),
        ("jwt", ("app.auth",)),
    ],
)
def test_a_vendor_is_met_in_one_place(package: str, allowed: tuple[str, ...]) -> None:
    """Each vendor library is imported only where the design puts it."""
    wrong = [
        module
        for module, path in MODULES.items()
        if any(name == package or name.startswith(package + ".") for name in imports(path))
        and not any(module == place or module.startswith(place + ".") for place in allowed)
    ]

    assert [] == wrong


def test_services_do_not_speak_http() -> None:
    """Nothing that a service stands on in `app/` knows problem documents, requests or answers."""
    reached, waiting = set(), [name for name in MODULES if name.startswith("app.services.")]
    while waiting:
        module = waiting.pop()
        if module not in reached and module.startswith("app."):
            reached.add(module)
            waiting += inner_imports(module)
    http = ("starlette", "app.problems", "app.routes", "monitor.problems", "monitor.middleware")
    wrong = [
        f"{module} imports {name}"
        for module in reached
        for name in imports(MODULES[module])
        if name in http or name.startswith(tuple(f"{one}." for one in http))
    ]

    assert len(reached) > len(http)
    assert [] == wrong


def test_the_environment_is_read_in_one_file() -> None:
    """`os.environ` and `os.getenv` stand in app/config.py and nowhere else."""
    wrong = [
        module
        for module, path in MODULES.items()
        if module != "app.config"
        and any(
            isinstance(node, ast.Attribute)
            and node.attr in ("environ", "getenv")
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
            for node in ast.walk(ast.parse(path.read_text()))
        )
    ]

    assert [] == wrong


def test_input_is_never_checked_by_assert() -> None:
    """`assert` vanishes under -O, so the sources hold none."""
    wrong = [
        f"{module}:{node.lineno}"
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert)
    ]

    assert [] == wrong
