"""The picture of the rooms in docs/architecture.md: `python -m tests.architecture.picture`.

It is drawn from FLOORS, from each room's own first sentence and from the imports that there
are, so the page says what the code says.
"""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture.floors import FLOORS, RANKS, ROOT, import_graph, room_graph, sources

PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- rooms: written by `make definitions` -->"
END = "<!-- end of rooms -->"
_HEAD = "| floor | room | what it is | imports from |\n| ---: | --- | --- | --- |"


def rooms_table(root: Path = ROOT) -> str:
    """Return one Markdown row for each room, top down."""
    modules = sources(root)
    arrows = room_graph(import_graph(modules))
    rows = [_row(name, modules[name], arrows[name]) for floor in FLOORS for name in floor]
    return f"{_HEAD}\n" + "\n".join(rows) + "\n"


def with_rooms(page: str) -> str:
    """Return the page with the table between its two marks replaced.

    Raises:
        ValueError: A mark is missing.
    """
    before, rest = page.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return f"{before}{BEGIN}\n\n{rooms_table()}\n{END}{after}"


def _row(name: str, front: Path, targets: frozenset[str]) -> str:
    said = (ast.get_docstring(ast.parse(front.read_text())) or "").splitlines()[0].replace("|", "\\|")
    shown = f"{name.replace('.', '/')}{'/' if front.name == '__init__.py' else '.py'}"
    below = " ".join(f"`{target}`" for target in sorted(targets, key=lambda one: (-RANKS[one], one)))
    return f"| {RANKS[name]} | `{shown}` | {said} | {below} |"


if __name__ == "__main__":
    PAGE.write_text(with_rooms(PAGE.read_text()))
