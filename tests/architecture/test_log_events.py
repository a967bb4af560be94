"""What the source logs and what the list of events says are the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from monitor.logging.events import EVENTS, FIELDS, OF_EVENTS, OF_LINES

ROOT = Path(__file__).parents[2]
LISTED = {event.name: event for event in EVENTS}
METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
# These write lines for others: the access log's template is no call of a logger, and the standard
# library's records carry their own words.
WRITERS = tuple(f"monitor/logging/{name}.py" for name in ("access_log", "logs", "standard_records"))
OF_FAILURES = "monitor/failures.py"
WRITTEN_THERE = {"request", "message_without_template", "log_call_failed"}


class Call(NamedTuple):
    """One call of a logger."""

    place: str
    level: str
    event: str | None
    fields: frozenset[str]


def log_calls(source: str, place: str) -> Iterator[Call]:
    """Find what is said to anything whose name ends in `log` or `logger`."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        named = ast.unparse(node.func.value).lower().removesuffix("()")
        if node.func.attr not in METHODS or not named.endswith(("log", "logger")):
            continue
        first = node.args[0] if node.args else None
        event = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
        fields = frozenset(word.arg or "**" for word in node.keywords) - {"exc_info"}
        level = {"exception": "error"}.get(node.func.attr, node.func.attr)
        yield Call(f"{place}:{node.lineno}", level, event, fields)


def sources() -> Iterator[tuple[str, str]]:
    for package in ("monitor", "app"):
        for path in sorted((ROOT / package).rglob("*.py")):
            place = str(path.relative_to(ROOT))
            if place not in WRITERS:
                yield place, path.read_text()


CALLS = [call for place, source in sources() for call in log_calls(source, place)]


def faults(calls: list[Call]) -> list[str]:
    """Return what the calls say that the list does not."""
    found = []
    for call in calls:
        listed = LISTED.get(call.event or "")
        if listed is None:
            found.append(f"{call.place}: the event {call.event!r} is not listed")
        elif not call.fields <= set(listed.fields):
            found.append(f"{call.place}: {sorted(call.fields - set(listed.fields))} would be dropped")
        elif call.level not in listed.levels:
            found.append(f"{call.place}: {call.event} is not listed at {call.level}")
    return found


def test_every_log_call_says_what_is_listed() -> None:
    """No event is unknown, and no field of it would be dropped without a word."""
    assert len(CALLS) > 15
    assert faults(CALLS) == []


def test_a_field_that_would_be_dropped_is_found() -> None:
    """The check itself sees an unlisted event, field and level, whatever the logger is called."""
    source = """
_log.warning("cache_bypassed", lookups=3)
self.logs.logger.info("nobody listed this")
self._log.error("slow_query", summary="x")
log.warning(event, seconds=1)
structlog.get_logger().info("cache_warmed", **counts)
"""

    found = faults(list(log_calls(source, "x")))

    assert [one.partition(": ")[0] for one in found] == ["x:2", "x:3", "x:4", "x:5", "x:6"]


def test_every_listed_event_is_written_with_all_its_fields() -> None:
    """An event or a field that nobody writes any more leaves the list."""
    for event in EVENTS:
        if event.name in WRITTEN_THERE:
            assert any(event.name in (ROOT / place).read_text() for place in WRITERS), event.name
            continue
        written = [call for call in CALLS if call.event == event.name]
        assert written, event.name
        assert set(event.fields) == {field for call in written for field in call.fields}, event.name
        assert set(event.levels) == {call.level for call in written}, event.name


def test_every_field_of_a_line_is_written() -> None:
    """The fields of all lines and of the access line stand in what writes them."""
    text = "".join((ROOT / place).read_text() for place in (*WRITERS, OF_FAILURES))
    of_request = LISTED["request"].fields

    assert [name for name in (*OF_LINES, *of_request) if not re.search(rf'\b{name}["=]', text)] == []


def test_every_declared_field_belongs_to_an_event() -> None:
    """A field stands in the list because an event has it."""
    used = {field for event in EVENTS for field in event.fields}

    assert used - set(OF_LINES) == set(OF_EVENTS)
    assert FIELDS == {*OF_LINES, *OF_EVENTS}


def test_events_are_named_in_one_style() -> None:
    """Lower case, joined by underscores, each once."""
    assert len(LISTED) == len(EVENTS)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", event.name) for event in EVENTS)
