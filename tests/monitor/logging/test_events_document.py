"""The tables of log events and fields in the documents are the list's."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.logging.events import EVENTS, FIELDS
from monitor.logging.events_document import BEGIN, END, main, tables, with_tables

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "telemetry.md"


def test_the_document_holds_what_the_code_says() -> None:
    """An event that changes without its documentation fails here; `make definitions` writes it."""
    text = DOCUMENT.read_text()

    assert with_tables(text) == text


def test_every_event_and_field_has_a_row() -> None:
    """One row for each, and none twice."""
    rows = [line.split("`")[1] for line in tables().splitlines() if line.startswith("| `")]

    assert sorted(rows) == sorted([*(event.name for event in EVENTS), *FIELDS])


def test_only_the_tables_are_replaced(tmp_path: Path) -> None:
    """What people wrote around them stays."""
    document = tmp_path / "d.md"
    document.write_text(f"before\n{BEGIN}\nbygone words\n{END}\nafter\n")

    main(str(document))

    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "bygone" not in text
    assert tables() in text


def test_a_document_without_marks_is_refused() -> None:
    """Nothing is appended where no place was made."""
    with pytest.raises(ValueError, match="unpack"):
        with_tables("no marks")
