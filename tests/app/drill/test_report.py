"""The report: medians and longest times, what was missed, who was woken in vain."""

from __future__ import annotations

import io

from rich.console import Console

from app.drill.report import exit_code, summary, table
from app.drill.round import Round

ROUNDS = [
    Round("latency", 5.0, 7.0, 12.0),
    Round("latency", 6.0, 8.0, 14.0),
    Round("latency", 10.0, 13.0, 15.0, false_pages=["/page Other"]),
    Round("errors", 5.5, None, None, missed="no message"),
]


def test_the_figures_of_each_fault() -> None:
    """Median and longest of what came, counts of what did not, and the words for both."""
    found = summary(ROUNDS)
    assert list(found) == ["latency", "errors"]
    assert found["latency"] == {
        "alert": "ServiceLatencyHigh",
        "rounds": 3,
        "missed": 0,
        "falsePages": 1,
        "fireS": {"median": 6.0, "max": 10.0},
        "pageS": {"median": 8.0, "max": 13.0},
        "resolveS": {"median": 14.0, "max": 15.0},
        "problems": ["latency: also /page Other"],
    }
    assert found["errors"]["missed"] == 1
    assert found["errors"]["pageS"] is None
    assert found["errors"]["problems"] == ["errors: no message"]


def test_the_table_fits_a_terminal() -> None:
    """A line a fault within 80 columns, and under it what went wrong and what must be known."""
    console = Console(file=io.StringIO(), width=80)
    console.print(table(ROUNDS, "a note"))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    for part in ("6.0 / 10.0", "8.0 / 13.0", "errors: no message", "latency: also /page Other", "a note"):
        assert part in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_missed_page_is_a_failure() -> None:
    """The command's exit code says so."""
    assert exit_code(ROUNDS) == 1
    assert exit_code(ROUNDS[:3]) == 0
