"""The standard library's records as lines: their template and where they come from, never their data."""

from __future__ import annotations

import logging
import re
import sys
from types import FrameType
from typing import Final

import structlog

from monitor.failures import was_told

# Of uvicorn, hypercorn, gunicorn and granian; the last is what its Rust half is called.
SERVERS: Final = ("uvicorn", "uvicorn.error", "hypercorn.error", "gunicorn.error", "granian", "_granian")
_OUTWARD: Final = 8  # frames in which a template may be written out
# asyncio puts the task or the callback, with its arguments and its exception, behind the words;
# granian's Rust half the traceback.
_WITH_DATA: Final = ("asyncio", "_granian")
_WORDS: Final = re.compile(r"[A-Za-z][A-Za-z ,]*[A-Za-z]")


class StandardHandler(logging.Handler):
    """Brings records into the log; never raises into the library that logs.

    Args:
        logger: Writes the lines.
    """

    def __init__(self, logger: structlog.typing.FilteringBoundLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._emit(record)
        except Exception:  # the record's own parts may be anything
            self._logger.exception("log_call_failed")

    def _emit(self, record: logging.LogRecord) -> None:
        failure: object = record.exc_info
        if isinstance(record.msg, BaseException):
            failure = failure or record.msg
        if record.name in SERVERS and was_told(_exception_of(failure)):
            return  # the access line has said more than the server can
        level, event = record.levelno, _template(record)
        if event is not None:
            self._logger.log(level, event, logger=record.name, exc_info=failure)
            return
        place = f"{record.pathname}:{record.lineno} {record.funcName}"
        self._logger.log(level, "message_without_template", logger=record.name, exc_info=failure, place=place)


def _exception_of(info: object) -> object:
    return info[1] if isinstance(info, tuple) and len(info) > 1 else info


def _template(record: logging.LogRecord) -> str | None:
    """Return what the code says; None where the text was made at run time, for it may hold anything."""
    message = record.msg
    if not isinstance(message, str):
        return None
    if record.name.startswith(_WITH_DATA):
        words = _WORDS.match(message)
        return words[0] if words else None
    return message.partition("\n")[0] if _is_written_out(message) else None


def _is_written_out(message: str) -> bool:
    # The frames of this file and of `logging` come first; they hold no templates of others.
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as the standard library's findCaller does
    looked = 0
    while frame is not None and looked < _OUTWARD:
        if frame.f_code.co_filename not in (__file__, logging.__file__):
            looked += 1
            if message in frame.f_code.co_consts or any(message is one for one in frame.f_globals.values()):
                return True
        frame = frame.f_back
    return False
