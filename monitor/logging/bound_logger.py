"""structlog's logger, made such that no call of it ever raises into the code that logs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import structlog

_METHODS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "msg": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "exception": logging.ERROR,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
}
Failed = Callable[[str, BaseException], None]


def careful_logger(lowest: int, failed: Failed) -> type[structlog.typing.FilteringBoundLogger]:
    """Return the class of loggers that write at `lowest` and above.

    Positional arguments are not put into the event: they may be data, as the arguments of the
    standard library's records may.

    Args:
        lowest: The standard library's number of the lowest level that is written.
        failed: Is told the level and the failure of a call that could not be written.
    """
    base: Any = structlog.make_filtering_bound_logger(lowest)
    methods = {name: _method(name, level, lowest, failed) for name, level in _METHODS.items()}
    made = type("CarefulLogger", (base,), {**methods, "log": _log(lowest, failed)})
    for name in (*methods, "log"):
        setattr(made, f"a{name}", _awaited(getattr(made, name)))
    return made


def level_name(level: int) -> str:
    """Return the name of the highest named level that `level` reaches; other libraries number their own."""
    for name in ("critical", "error", "warning", "info"):
        if level >= _METHODS[name]:
            return name
    return "debug"


def _method(name: str, level: int, lowest: int, failed: Failed) -> Callable[..., None]:
    written, traced = level_name(level), name == "exception"

    def method(self: Any, event: object = "", /, *_args: object, **fields: Any) -> None:
        if level >= lowest:
            if traced:
                fields.setdefault("exc_info", True)
            _write(self, written, event, fields, failed)

    method.__name__ = name
    return method


def _log(lowest: int, failed: Failed) -> Callable[..., None]:
    def log(self: Any, level: int, event: object = "", /, *_args: object, **fields: Any) -> None:
        if level >= lowest:
            _write(self, level_name(level), event, fields, failed)

    return log


def _write(self: Any, level: str, event: object, fields: dict[str, Any], failed: Failed) -> None:
    try:
        words, _ = self._process_event(level, "" if event is None else event, fields)
        self._logger.msg(*words)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the code that logs has better things to do
        failed(level, failure)


def _awaited(method: Callable[..., None]) -> Callable[..., Any]:
    # A line waits for no terminal, so there is nothing to move to a thread.
    async def awaited(self: Any, *args: Any, **fields: Any) -> None:
        method(self, *args, **fields)

    return awaited
