"""Whatever a worker writes goes through its log: servers, libraries, warnings, `print`, the interpreter.

A traceback beside the log holds what the exception's message holds, and that may be a row. So the
process's own hooks and streams lead here, and what comes is told by class, place and count.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any, Final, TextIO

import structlog

from monitor.clock import Clock
from monitor.failures import class_of
from monitor.logging.standard_records import SERVERS

# The kit writes a line for each request itself; these would write its raw path as well.
_ACCESS: Final = ("uvicorn.access", "hypercorn.access", "gunicorn.access", "granian.access")


class ProcessOutput:
    """Leads a process's output into its log.

    Args:
        logger: Writes the lines.
        handler: Brings the standard library's records.
        clock: Monotonic time, for how often stray output is told.
    """

    def __init__(
        self, logger: structlog.typing.FilteringBoundLogger, handler: logging.Handler, clock: Clock
    ) -> None:
        self._log = logger
        self._handler = handler
        self._clock = clock
        self._whole = False

    def take_loggers(self) -> None:
        """Lead every logger that writes to the terminal here, those of servers first."""
        logging.raiseExceptions = False
        logging.lastResort = self._handler
        root = logging.getLogger()
        if self._handler not in root.handlers:
            root.addHandler(self._handler)
        for name in _ACCESS:
            quiet = logging.getLogger(name)
            quiet.handlers, quiet.propagate = [logging.NullHandler()], False
        for logger in (root, *_known_loggers()):
            self._lead(logger)

    def take_all(self) -> None:
        """Lead the loggers, the hooks of the interpreter and the two text streams here, for good."""
        self.take_loggers()
        if self._whole:
            return
        self._whole = True
        sys.excepthook = lambda _kind, failure, _traceback: self._uncaught("main", failure)
        threading.excepthook = lambda hook: self._uncaught("thread", hook.exc_value)
        sys.unraisablehook = lambda hook: self._uncaught("unraisable", hook.exc_value)
        warnings.showwarning = self._warned
        sys.stdout = StrayOutput("stdout", sys.stdout, self._log, self._clock)
        sys.stderr = StrayOutput("stderr", sys.stderr, self._log, self._clock)

    def _lead(self, logger: logging.Logger) -> None:
        terminal = [one for one in logger.handlers if _is_terminal(one)]
        for one in terminal:
            logger.removeHandler(one)
        if terminal or (logger.name in SERVERS and not logger.handlers):
            logger.propagate = True

    def _uncaught(self, where: str, failure: BaseException | None) -> None:
        if failure is None or isinstance(failure, KeyboardInterrupt | SystemExit):
            return
        self._log.error("exception_uncaught", reason=where, exc_info=failure)

    def _warned(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,  # noqa: ARG002 - the hook's signature
        line: str | None = None,  # noqa: ARG002 - the same
    ) -> None:
        name = class_of(message) if isinstance(message, Warning) else category.__name__
        self._log.warning("python_warning", error_type=name, place=f"{filename}:{lineno}")


class StrayOutput(io.TextIOBase):
    """A text stream that tells how many lines came, at most once a second, and not what they said.

    Args:
        name: Which stream it stands for.
        replaced: The stream itself, for whoever asks for its file descriptor.
        logger: Writes the lines.
        clock: Monotonic time.
    """

    def __init__(
        self,
        name: str,
        replaced: TextIO,
        logger: structlog.typing.FilteringBoundLogger,
        clock: Clock,
        every_s: float = 1.0,
    ) -> None:
        super().__init__()
        self._name = name
        self._replaced = replaced
        self._log = logger
        self._now = clock.monotonic
        self._every_s = every_s
        self._quiet_until = 0.0
        self._lines = 0
        self.buffer: _StrayBytes = _StrayBytes(self)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def fileno(self) -> int:
        return self._replaced.fileno()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        self.note(text.count("\n"))
        return len(text)

    def note(self, lines: int) -> None:
        """Count lines and tell of them when it is time."""
        self._lines += lines
        now = self._now()
        if self._lines and now >= self._quiet_until:
            count, self._lines, self._quiet_until = self._lines, 0, now + self._every_s
            self._log.warning("stray_output", operation=self._name, count=count)


class _StrayBytes(io.RawIOBase):
    """The bytes below a stray stream."""

    def __init__(self, text: StrayOutput) -> None:
        super().__init__()
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        written = bytes(data)
        self._text.note(written.count(b"\n"))
        return len(written)


def _known_loggers() -> Iterator[logging.Logger]:
    known = list(logging.Logger.manager.loggerDict.values())
    yield from (one for one in known if isinstance(one, logging.Logger))
    yield from map(logging.getLogger, SERVERS)


def _is_terminal(handler: logging.Handler) -> bool:
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return isinstance(handler, logging.StreamHandler) and handler.stream in streams
