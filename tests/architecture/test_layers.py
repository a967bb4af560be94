"""The house stands: imports point down, siblings never meet, nothing imports its own front."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture import floors
from tests.architecture.floors import FLOORS, imported, room, room_graph, upward

MODULES = floors.sources()
GRAPH = floors.import_graph(MODULES)


def with_import(module: str, name: str) -> floors.Imports:
    """Return the graph of imports with one more."""
    return {**GRAPH, module: GRAPH[module] | {name}}


def test_imports_point_down() -> None:
    """A module imports only from rooms on lower floors, or from its own."""
    assert [] == upward(GRAPH)


def test_every_room_stands() -> None:
    """The floors name each room once, and name no room that is not there."""
    rooms = [name for floor in FLOORS for name in floor]

    assert sorted(rooms) == sorted(room_graph(GRAPH))


def test_a_module_beside_the_rooms_must_be_placed() -> None:
    """A new file in the hall belongs to no room until FLOORS gives it a place."""
    with pytest.raises(floors.UnplacedModule):
        room("monitor.helpers")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("app.run.supervisor", "app.drill.process"),
        ("app.drill.stack", "app.run.local"),
        ("app.load.generator", "app.run.supervisor"),
        ("app.services.contacts", "app.routes.contacts"),
        ("app.tables", "app.services.contacts"),
        ("monitor.cache.cache_aside", "monitor.database.engine"),
        ("monitor.database.engine", "monitor.cache.cache_aside"),
        ("monitor.metrics.windows", "monitor.tracing.spans"),
        ("monitor.tracing.spans", "monitor.metrics.windows"),
        ("monitor.cache.reader", "monitor.redis.redis_store"),
        ("monitor.cache.reader", "monitor.consistency.relay"),
        ("monitor.database.engine", "monitor.consistency.relay"),
        ("monitor.middleware.interceptor", "monitor.operations.health"),
        ("monitor.console.console", "monitor.kit.monitor"),
        ("monitor.errors", "app.errors"),
    ],
)
def test_an_import_that_points_up_is_found(module: str, name: str) -> None:
    """Each forbidden arrow is named, between siblings and into the rooms above alike."""
    assert [f"{module} imports {name}"] == upward(with_import(module, name))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from monitor.redis import redis_store", "monitor.redis.redis_store"),
        ("from monitor.redis.redis_store import RedisStore", "monitor.redis.redis_store"),
        ("from ..redis.redis_store import RedisStore", "monitor.redis.redis_store"),
        ("from . import keys", "monitor.cache.keys"),
        ("import monitor.redis.redis_store", "monitor.redis.redis_store"),
        ("def late():\n    from monitor.redis.redis_store import RedisStore", "monitor.redis.redis_store"),
        (
            "if TYPE_CHECKING:\n    from monitor.redis.redis_store import RedisStore",
            "monitor.redis.redis_store",
        ),
        ("importlib.import_module('monitor.redis.redis_store')", "monitor.redis.redis_store"),
    ],
)
def test_no_spelling_hides_an_import(source: str, name: str, tmp_path: Path) -> None:
    """Relative, late, typing-only and dynamic imports are read as what they import."""
    path = tmp_path / "reader.py"
    path.write_text(source)

    assert [name] == list(imported("monitor.cache.reader", path, MODULES))


def test_the_kit_never_imports_the_app() -> None:
    """`monitor` stands alone, so that any team can adopt it."""
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        if module.split(".")[0] == "monitor"
        for name in imported(module, path, MODULES)
        if name.split(".")[0] == "app"
    ]

    assert [] == wrong


def test_no_module_imports_its_own_front() -> None:
    """Inside a room modules import each other directly, never through the room's front."""
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        for name in GRAPH[module]
        if MODULES[name].name == "__init__.py"
        and name not in ("monitor", "app")
        and module.startswith(name + ".")
    ]

    assert [] == wrong


def test_imports_have_no_cycle() -> None:
    """No chain of imports comes back to where it began."""
    done: set[str] = set()

    def walk(module: str, way: tuple[str, ...]) -> None:
        if module in way:
            pytest.fail(" > ".join((*way[way.index(module) :], module)))
        if module not in done:
            for name in GRAPH[module]:
                walk(name, (*way, module))
            done.add(module)

    for module in GRAPH:
        walk(module, ())

    assert done == set(MODULES)


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("redis", ("monitor.redis",)),
        (
            "opentelemetry.sdk",
            ("monitor.tracing.provider", "monitor.tracing.sdk_exporter", "monitor.testing"),
        ),
        (
            "sqlalchemy",
            (
                "monitor.database",
                "monitor.consistency",
                "app.tables",
                "app.columns",
                "app.housekeeping",
                "app.standing",
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
        if any(name == package or name.startswith(package + ".") for name in imported(module, path, MODULES))
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
            waiting += GRAPH[module]
    http = ("starlette", "app.problems", "app.routes", "monitor.problems", "monitor.middleware")
    wrong = [
        f"{module} imports {name}"
        for module in reached
        for name in imported(module, MODULES[module], MODULES)
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
