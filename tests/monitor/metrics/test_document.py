"""The table of metrics in the documents is the catalogue's."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.metrics.catalogue import CATALOGUE
from monitor.metrics.document import BEGIN, END, catalogue_table, main, with_table

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "telemetry.md"


def test_the_document_holds_what_the_code_says() -> None:
    """A metric that changes without its documentation fails here; one command writes it."""
    text = DOCUMENT.read_text()
    assert with_table(text) == text


def test_every_metric_has_a_row() -> None:
    """One row for each metric, with its name, type and meaning."""
    rows = [line for line in catalogue_table().splitlines() if line.startswith("| `")]
    assert len(rows) == len(CATALOGUE)
    for metric, row in zip(CATALOGUE, rows, strict=True):
        assert metric.name in row
        assert metric.help in row


def test_only_the_table_is_replaced(tmp_path: Path) -> None:
    """What people wrote around it stays."""
    document = tmp_path / "d.md"
    document.write_text(f"before\n{BEGIN}\nbygone words\n{END}\nafter\n")
    main(str(document))
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "bygone" not in text
    assert catalogue_table() in text


def test_a_document_without_marks_is_refused() -> None:
    """Nothing is appended where no place was made."""
    with pytest.raises(ValueError, match="unpack"):
        with_table("no marks")
