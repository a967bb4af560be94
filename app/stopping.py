"""From SIGTERM to the end: not ready, a pause in which load balancers notice, then the server's own stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from multiprocessing import get_context


class Stopping:
    """A stop that every worker of this machine sees at once.

    Args:
        pause_s: From the signal to the stop, in seconds; 0: the stop comes at once.
    """

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        # One byte that the workers, which are spawned, share with the main process; written once.
        self._flag = get_context("spawn").RawValue("b", 0)

    def is_under_way(self) -> bool:
        """Say whether the pause has begun."""
        return bool(self._flag.value)

    def begin(self, stop: Callable[[], None]) -> None:
        """Begin the pause and call `stop` after it; called again, as by a second signal, stop at once.

        Args:
            stop: Makes the server stop; called from another thread.
        """
        if self.is_under_way() or not self._pause_s:
            stop()
            return
        self._flag.value = 1
        timer = threading.Timer(self._pause_s, stop)
        timer.daemon = True
        timer.start()
