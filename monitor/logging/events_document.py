"""The log's events and fields as tables: `python -m monitor.logging.events_document docs/telemetry.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from monitor.logging.events import EVENTS, OF_EVENTS, OF_LINES, LogEvent

BEGIN = "<!-- log events: written by `python -m monitor.logging.events_document docs/telemetry.md` -->"
END = "<!-- end of log events -->"


def tables() -> str:
    """Return two Markdown tables: one row for each event, and one for each field."""
    fields = {**OF_LINES, **OF_EVENTS}
    return "\n\n".join(
        (
            _table(("event", "level", "fields", "meaning"), map(_event, EVENTS)),
            _table(("field", "meaning"), ((f"`{name}`", meaning) for name, meaning in fields.items())),
        )
    )


def with_tables(document: str) -> str:
    """Return the document with the tables between their two marks replaced.

    Raises:
        ValueError: A mark is missing.
    """
    before, rest = document.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def _event(event: LogEvent) -> tuple[str, ...]:
    fields = ", ".join(f"`{field}`" for field in event.fields)
    return f"`{event.name}`", ", ".join(event.levels), fields, event.meaning


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, tuple("---" for _ in head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(path: str) -> None:
    """Write the tables into the document at `path`."""
    document = Path(path)
    document.write_text(with_tables(document.read_text()))


if __name__ == "__main__":
    main(sys.argv[1])
