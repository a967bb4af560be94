"""The picture of the rooms on the page is that of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.floors import RANKS
from tests.architecture.picture import BEGIN, END, PAGE, rooms_table, with_rooms


def test_the_page_shows_the_rooms_that_there_are() -> None:
    """`make definitions` would change nothing: rooms, floors, sentences and arrows are today's."""
    page = PAGE.read_text()

    assert with_rooms(page) == page, "run `make definitions`, or `python -m tests.architecture.picture` alone"


def test_each_room_has_its_row_and_says_what_it_is() -> None:
    """No room is left out, and each begins with a sentence of its own."""
    rows = re.findall(r"^\| \d+ \| `([^`]+)` \| ([^|]+) \|", rooms_table(), re.MULTILINE)

    assert sorted(RANKS) == sorted(
        shown.removesuffix("/").removesuffix(".py").replace("/", ".") for shown, _ in rows
    )
    assert len({said for _, said in rows}) == len(rows)


def test_another_import_is_another_picture(tmp_path: Path) -> None:
    """An arrow that the code gains is in the table that is drawn next."""
    for name, text in {
        room.replace(".", "/") + ("/__init__.py" if "." not in room else ".py"): '"""A room."""\n'
        for room in RANKS
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    before = rooms_table(tmp_path)
    (tmp_path / "monitor" / "metrics.py").write_text('"""A room."""\nimport monitor.clock\n')

    after = rooms_table(tmp_path)
    assert "`monitor.clock` |" not in before
    assert "| `monitor/metrics.py` | A room. | `monitor.clock` |" in after


def test_a_page_without_the_marks_is_refused() -> None:
    """The generator never writes over a page that has no place for the picture."""
    with pytest.raises(ValueError, match="unpack"):
        with_rooms(f"{END}{BEGIN[:-1]}")
