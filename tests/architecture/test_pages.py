"""The pages that lead through the code name files that are there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.floors import ROOT

PAGES = [*sorted(ROOT.glob("docs/*.md")), ROOT / "CONTRIBUTING.md", ROOT / "README.md"]
_NAMED = re.compile(r"`((?:monitor|app|tests|benchmarks|scripts|examples)/[\w/.-]+\.(?:py|json|yml|md))`")
_ROWS = re.compile(r"^\| `(\w+)/`: ((?:`\w+\.py`(?:, )?)+) \|", re.MULTILINE)


def named_files(page: str) -> list[Path]:
    """Return the files of the repository that a page names, whole or by room and name."""
    whole = [ROOT / name for name in _NAMED.findall(page)]
    rows = [
        ROOT / "monitor" / room / name
        for room, names in _ROWS.findall(page)
        for name in re.findall(r"`([^`]+)`", names)
    ]
    return whole + rows


def test_every_file_that_a_page_names_is_there() -> None:
    """A reader who follows a page finds what it names."""
    missing = [
        f"{page.relative_to(ROOT)}: {path.relative_to(ROOT)}"
        for page in PAGES
        for path in named_files(page.read_text())
        if not path.exists()
    ]

    assert [] == missing


def test_both_ways_to_name_a_file_are_read() -> None:
    """A path and a row of a room are found alike, so that the check above can fail."""
    page = "see `monitor/nowhere/lost.py`\n\n| `cache/`: `keys.py`, `gone.py` | what |\n"

    assert ["lost.py", "keys.py", "gone.py"] == [path.name for path in named_files(page)]
    assert len(named_files((ROOT / "docs/cache.md").read_text())) > 20
