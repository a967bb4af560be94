"""A log call never raises, and its line is valid JSON, whatever it was given."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from monitor.logging.bound_logger import level_name
from monitor.logging.events import OF_LINES
from tests.monitor.logging.test_logs import Journal


class Unrenderable:
    """Cannot be written in any way."""

    def __refuse(self, *_: Any) -> NoReturn:
        raise RuntimeError("no")

    __str__ = __repr__ = __format__ = __len__ = __iter__ = __bool__ = __refuse


def cyclic() -> list[Any]:
    held: list[Any] = []
    held.append(held)
    return held


ANYTHING = st.one_of(
    st.text(st.characters(codec=None)),
    st.integers(),
    st.floats(),
    st.binary(),
    st.none(),
    st.builds(Unrenderable),
    st.builds(cyclic),
    st.just("x" * 100_000),
    st.just(10**400),
    st.builds(ValueError, st.text()),
    st.lists(st.text()),
)
NAMES = st.one_of(
    st.sampled_from([*OF_LINES, "reason", "count", "domain", "exc_info", "method_name", "self"]),
    st.text(st.characters(codec=None)),
)


@given(event=ANYTHING, args=st.lists(ANYTHING, max_size=3), fields=st.dictionaries(NAMES, ANYTHING))
def test_no_call_raises_and_each_writes_one_line(event: Any, args: list[Any], fields: dict[str, Any]) -> None:
    """Any event, arguments and fields, at any level, leave one JSON object with date, level and event."""
    journal = Journal()
    calls: list[Callable[..., Any]] = [
        journal.logs.logger.info,
        journal.logs.logger.exception,
        journal.logs.logger.bind(domain="x").warning,
    ]
    for call in calls:
        call(event, *args, **fields)
    journal.logs.logger.log(35, event, *args, **fields)

    lines = journal.lines
    assert [line["level"] for line in lines] == ["info", "error", "warning", "warning"]
    assert all(isinstance(line["timestamp"], str) and "event" in line for line in lines)


@pytest.mark.parametrize("value", [Unrenderable(), b"x", "a\udcff", float("nan"), 2**70, {"a": 1}, cyclic()])
def test_a_line_says_what_could_not_be_written(value: object) -> None:
    """The field's name stands under `unwritten`, the others are as they were."""
    journal = Journal()

    journal.logs.logger.info("saved", reason=value, count=3)

    (line,) = journal.lines
    assert (line["unwritten"], line["count"]) == (["reason"], 3)


@given(message=ANYTHING, args=st.lists(ANYTHING, max_size=3), level=st.integers(1, 60))
def test_no_record_of_the_standard_library_raises(message: Any, args: list[Any], level: int) -> None:
    """Wrong arguments, messages that are no text, a library's own levels: one line."""
    journal = Journal("debug")
    logger = logging.Logger("library")  # noqa: LOG001 - apart from the process's own tree
    logger.addHandler(journal.logs.handler())

    logger.log(level, message, *args)
    logger.error("got %s %s", *args, exc_info=ValueError("a\udcff"))

    lines = journal.lines
    assert lines[-1]["event"] == "got %s %s"
    assert len(lines) == (2 if level >= logging.DEBUG else 1)


async def test_awaited_methods_write_as_the_others_do() -> None:
    """Structlog's asynchronous methods stand on the same line."""
    journal = Journal()

    await journal.logs.logger.ainfo("saved", count=1)
    await journal.logs.logger.awarning("saved %s", Unrenderable())

    assert [(line["event"], line["level"]) for line in journal.lines] == [
        ("saved", "info"),
        ("saved %s", "warning"),
    ]


def test_a_pipeline_that_fails_is_told_by_class() -> None:
    """A failure inside the log itself leaves a line too."""
    journal = Journal()

    def broken(*_: Any) -> NoReturn:
        raise LookupError("Ann Smith")

    journal.logs._processors.insert(0, broken)
    with journal.logs.taken_over():
        structlog.get_logger().warning("saved")

    (line,) = journal.lines
    assert (line["event"], line["exception"], line["level"]) == ("log_call_failed", "LookupError", "warning")


@pytest.mark.parametrize(
    ("number", "name"), [(0, "debug"), (25, "info"), (30, "warning"), (45, "error"), (99, "critical")]
)
def test_a_librarys_own_level_is_the_one_it_reaches(number: int, name: str) -> None:
    """Levels between the named ones are told as the lower."""
    assert level_name(number) == name
