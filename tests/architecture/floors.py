"""The floors of the house and the imports between its modules, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Top down. A module imports from lower floors and from its own room; rooms of one floor never meet.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("app.commands",),
    ("app.run", "app.drill"),
    ("app.load", "app.demo"),
    ("app.serve",),
    ("app.main",),
    ("app.openapi", "app.api_page", "app.warming"),
    ("app.routes", "app.fault_injection", "app.refusals"),
    ("app.services",),
    ("app.auth", "app.schemas", "app.migrations"),
    (
        "app.config",
        "app.definitions",
        "app.key_file",
        "app.keys",
        "app.problems",
        "app.standing",
        "app.tables",
    ),
    ("app.housekeeping", "app.token_rules"),
    (
        "app",
        "app.errors",
        "app.folding",
        "app.loopback",
        "app.columns",
        "app.naming",
        "app.objectives",
        "app.policies",
        "app.setup",
        "app.stopping",
        "app.unstored",
        "app.worker_restarts",
        "app.variables",
        "app.zones",
    ),
    ("monitor.__main__",),
    ("monitor",),
    ("monitor.kit",),
    ("monitor.console",),
    ("monitor.operations",),
    ("monitor.middleware",),
    ("monitor.consistency", "monitor.testing"),
    ("monitor.redis", "monitor.definitions", "monitor.logging"),
    ("monitor.cache", "monitor.database", "monitor.metrics", "monitor.tracing"),
    ("monitor.scopes",),
    (
        "monitor.extras",
        "monitor.failures",
        "monitor.networks",
        "monitor.objectives",
        "monitor.path_prefix",
        "monitor.settings",
        "monitor.tenancy",
    ),
    (
        "monitor.background_queue",
        "monitor.clock",
        "monitor.errors",
        "monitor.garbage",
        "monitor.plain_values",
        "monitor.problems",
        "monitor.route_set",
    ),
)
RANKS = {room: len(FLOORS) - number for number, floor in enumerate(FLOORS) for room in floor}
Imports = Mapping[str, frozenset[str]]


class UnplacedModule(LookupError):
    """A module that stands on no floor; give its room a place in FLOORS."""


def sources(root: Path = ROOT) -> dict[str, Path]:
    """Return the file of every module of the kit and the service, by the module's name."""
    found = {}
    for package in ("monitor", "app"):
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room(module: str) -> str:
    """Return the room that the module lies in.

    A front (`monitor`, `app`) is a room of one file: what lies beside it must be placed by name.

    Raises:
        UnplacedModule: It lies in none.
    """
    parts = module.split(".")
    for name in (".".join(parts[:2]), module):
        if name in RANKS:
            return name
    raise UnplacedModule(module)


def imported(module: str, path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    """Yield every module that a file imports, those for type checkers and those by name included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_front=path.name == "__init__.py")
            for alias in node.names:
                # `from package import module` takes the module; only names of its own are the front's.
                name = f"{base}.{alias.name}"
                yield name if name in modules else base
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            yield from (
                one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


def import_graph(modules: Mapping[str, Path]) -> Imports:
    """Return what each module imports of the others."""
    return {
        module: frozenset(name for name in imported(module, path, modules) if name in modules) - {module}
        for module, path in modules.items()
    }


def room_graph(graph: Imports) -> dict[str, frozenset[str]]:
    """Return the rooms that each room imports from, without itself."""
    arrows: dict[str, set[str]] = {room(module): set() for module in graph}
    for module, names in graph.items():
        arrows[room(module)] |= {room(name) for name in names} - {room(module)}
    return {name: frozenset(targets) for name, targets in arrows.items()}


def upward(graph: Imports) -> list[str]:
    """Name every import that does not point to a lower floor or into the module's own room."""
    return [
        f"{module} imports {name}"
        for module, names in graph.items()
        for name in sorted(names)
        if room(name) != room(module) and RANKS[room(name)] >= RANKS[room(module)]
    ]


def _absolute(node: ast.ImportFrom, module: str, *, is_front: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    package = parts[: len(parts) - node.level + is_front]
    return ".".join([*package, *([node.module] if node.module else [])])


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
