"""Says why the outbox cannot be read, where, and what to do: at once, and then once a minute."""

from __future__ import annotations

from typing import Any, Final

from monitor.clock import Clock
from monitor.errors import ConfigurationError, PoolExhausted, StatementFailed

_EVERY_S = 60.0
_MIGRATE: Final = "the kit's tables are missing or old: python -m monitor migrate --database-url ..."

# By SQLSTATE, by SQLite's name of the error, else by the class of the driver's exception.
_REMEDIES: Final = {
    "42P01": _MIGRATE,
    "42703": _MIGRATE,
    "SQLITE_ERROR": _MIGRATE,
    "SQLITE_CANTOPEN": "the file cannot be opened: does its folder exist, and may this user write there?",
    "SQLITE_BUSY": "another process holds the file for long: which one writes?",
    "25006": "the server is read-only, as a standby is: name the primary, or target_session_attrs=read-write",
    "28000": "the server refuses this user from here: see its pg_hba.conf",
    "28P01": "user or password are wrong",
    "3D000": "there is no such database",
    "42501": "grant SELECT, INSERT, UPDATE and DELETE on cache_outbox, cache_epoch and id_sequences",
    "53300": "the server has no connection left: smaller pools, or a larger max_connections",
    "57P03": "the server is starting or stopping",
    "gaierror": "the host's name cannot be resolved",
    "TimeoutError": "the server does not answer: is it, or the way to it, frozen?",
}
_UNREACHABLE: Final = "nothing answers there: does the database run, and may it be reached from here?"


class PollFailures:
    """Logs the failures of one worker's polls.

    Args:
        where: Host and name of the database, without user and password.
        clock: Monotonic time.
        log: A structlog logger.
    """

    def __init__(self, where: str, clock: Clock, log: Any) -> None:
        self._where = where
        self._clock = clock
        self._log = log
        self._failed = 0
        self._since = self._told_at = 0.0

    def failed(self, failure: Exception) -> None:
        """Count a failure; say it if it is the first one, or the last word is a minute old."""
        now = self._clock.monotonic()
        self._failed += 1
        if self._failed == 1:
            self._since = now
        elif now - self._told_at < _EVERY_S:
            return
        self._told_at = now
        reason, remedy = described(failure)
        self._log.warning(
            "outbox_poll_failed",
            error_type=type(failure).__name__,
            reason=reason,
            host=self._where,
            remedy=remedy,
            count=self._failed,
        )

    def ended(self) -> None:
        """Say that polls succeed again, where they did not."""
        if self._failed:
            seconds = round(self._clock.monotonic() - self._since, 1)
            self._log.warning("outbox_poll_recovered", seconds=seconds, count=self._failed)
            self._failed = 0


def described(failure: Exception) -> tuple[str, str]:
    """Return the driver's own word for a failure, and what to do about it."""
    if isinstance(failure, ConfigurationError):
        return failure.variable, failure.problem
    if isinstance(failure, PoolExhausted):
        return "pool", "every connection of the outbox is in use: does the database answer slowly?"
    if isinstance(failure, TimeoutError):
        return "TimeoutError", _REMEDIES["TimeoutError"]
    if not isinstance(failure, StatementFailed):
        return type(failure).__name__, "this is a fault of the kit: please report it"
    code = failure.status_code or failure.error_type
    remedy = _REMEDIES.get(code) or _REMEDIES.get(failure.error_type)
    if remedy is None and code.startswith(("08", "57P")):
        remedy = _UNREACHABLE
    if remedy is None and failure.status_code is not None:
        remedy = "see the database's own log for this code"
    return code, remedy or _UNREACHABLE
