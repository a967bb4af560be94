"""The keys of the tokens in a file, read again whenever it changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import structlog

from app.variables import Key, keys

_log = structlog.get_logger(__name__)
_read = keys(exact=False)


class KeyFile:
    """Looks whether the file has changed; a file that cannot be read changes nothing.

    Args:
        path: Holds what `TASKMED_TOKEN_KEYS` would.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._stamped()

    def changed(self) -> Sequence[Key] | None:
        """Return the keys where they are others than at the last look; never raises."""
        stamp = self._stamped()
        if stamp is None or stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            found = _read(self._path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as failure:
            _log.warning("token_keys_unread", error_type=type(failure).__name__)
            return None
        return found or None

    def _stamped(self) -> tuple[int, int, int] | None:
        try:
            now = self._path.stat()
        except OSError:
            return None
        return now.st_mtime_ns, now.st_size, now.st_ino
