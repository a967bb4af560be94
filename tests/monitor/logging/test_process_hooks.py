"""What the interpreter, other loggers and `print` say, led into the log one by one."""

from __future__ import annotations

import io
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.logging.process_output import ProcessOutput, StrayOutput
from tests.monitor.logging.test_logs import Journal

MARK = "Ann Smith"
HOOKS: tuple[tuple[Any, str], ...] = (
    (sys, "excepthook"),
    (sys, "unraisablehook"),
    (sys, "stdout"),
    (sys, "stderr"),
    (threading, "excepthook"),
    (warnings, "showwarning"),
    (logging, "lastResort"),
    (logging, "raiseExceptions"),
)


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """Give a log that the process's output leads into while the test runs."""
    for place, name in HOOKS:
        monkeypatch.setattr(place, name, getattr(place, name))
    journal = Journal()
    handler, root = journal.logs.handler(), logging.getLogger()
    kept = list(root.handlers)
    ProcessOutput(journal.logs.logger, handler, journal.clock).take_all()
    yield journal
    root.handlers[:] = kept


def test_uncaught_exceptions_are_told_by_class(journal: Journal) -> None:
    """Of the main program, of a thread and of a finaliser; a user's interrupt is none."""
    failure = ValueError(MARK)
    sys.excepthook(ValueError, failure, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    threading.excepthook(SimpleNamespace(exc_value=failure))  # type: ignore[arg-type]
    sys.unraisablehook(SimpleNamespace(exc_value=failure))
    sys.unraisablehook(SimpleNamespace(exc_value=None))

    assert [(line["event"], line["reason"], line["exception"]) for line in journal.lines] == [
        ("exception_uncaught", "main", "ValueError"),
        ("exception_uncaught", "thread", "ValueError"),
        ("exception_uncaught", "unraisable", "ValueError"),
    ]


def test_a_warning_is_told_by_class_and_place(journal: Journal) -> None:
    """Its text may quote data."""
    warnings.showwarning(DeprecationWarning(MARK), DeprecationWarning, "service.py", 7)
    warnings.showwarning(MARK, UserWarning, "service.py", 8)

    assert [(line["error_type"], line["place"]) for line in journal.lines] == [
        ("DeprecationWarning", "service.py:7"),
        ("UserWarning", "service.py:8"),
    ]
    assert MARK not in str(journal.lines)


def test_what_is_printed_is_counted_once_a_second() -> None:
    """Text and bytes alike; what came in between is told with the next."""
    journal = Journal()
    stray = StrayOutput("stdout", sys.stdout, journal.logs.logger, journal.clock)
    print(MARK, file=stray)
    print(MARK, MARK, sep="\n", file=stray)
    journal.clock.advance(1.0)
    stray.buffer.write(MARK.encode() + b"\n")
    stray.write("no line's end")

    assert [(line["operation"], line["count"]) for line in journal.lines] == [("stdout", 1), ("stdout", 3)]
    assert MARK not in str(journal.lines)


def test_a_stray_stream_stands_in_for_the_real_one(tmp_path: Path) -> None:
    """Whoever hands it to a subprocess or asks what it is gets an answer."""
    journal = Journal()
    with (tmp_path / "real").open("w") as replaced:
        stray = StrayOutput("stdout", replaced, journal.logs.logger, journal.clock)

        assert stray.fileno() == replaced.fileno()
        assert (stray.encoding, stray.writable(), stray.isatty()) == ("utf-8", True, False)
        assert stray.buffer.writable()


def test_a_logger_of_the_terminal_is_led_here(journal: Journal) -> None:
    """A server's own handler goes, a file's stays, and access logs fall silent."""
    server, filed = logging.getLogger("uvicorn"), logging.getLogger("tests.filed")
    kept = logging.StreamHandler(io.StringIO())
    server.addHandler(logging.StreamHandler(sys.__stderr__))
    server.propagate = False
    filed.addHandler(kept)
    try:
        ProcessOutput(journal.logs.logger, journal.logs.handler(), journal.clock).take_loggers()

        assert (server.handlers, server.propagate) == ([], True)
        assert filed.handlers == [kept]
        assert not logging.getLogger("uvicorn.access").propagate
        server.error("Started %s", MARK)
        assert {line["event"] for line in journal.lines} == {"Started %s"}
    finally:
        filed.removeHandler(kept)


def test_a_logger_that_nobody_handles_speaks_here_too(journal: Journal) -> None:
    """The standard library's last resort would print it to standard error."""
    apart = logging.getLogger("tests.apart")
    apart.propagate = False

    apart.error("could not read %s", MARK)

    (line,) = journal.lines
    assert (line["event"], line["logger"]) == ("could not read %s", "tests.apart")
