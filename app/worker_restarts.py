"""Restarts of workers that died: each by itself, with growing pauses, and never the end of the others.

granian ends the whole service when a worker and its successor die within 5.5 seconds. One
worker's deaths are no reason to take the healthy ones away, so that guard is not used; what
it guards against, a busy loop of restarts, the pauses prevent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from typing import Any, Protocol

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
_FORGIVEN_S = 60.0  # a worker that lived this long dies for another reason than its predecessor


class RestartCount:
    """How many restarts no worker has counted yet; shared with the workers, which are spawned."""

    def __init__(self) -> None:
        self._pending = get_context("spawn").Value("i", 0)

    def add(self) -> None:
        """Note one restart, before the worker is started."""
        with self._pending.get_lock():
            self._pending.value += 1

    def take(self) -> int:
        """Return how many there are, and leave none: whoever takes them counts them."""
        with self._pending.get_lock():
            taken, self._pending.value = int(self._pending.value), 0
        return taken


class GrowingPauses:
    """Says how long to wait before a worker is started again: nothing at first, then twice as long each time.

    Args:
        monotonic: Seconds that never go back.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._now = monotonic
        self._deaths: dict[int, tuple[float, float]] = {}

    def died(self, worker: int) -> float:
        """Return the pause in seconds before the worker's successor starts."""
        now = self._now()
        last, pause = self._deaths.get(worker, (float("-inf"), 0.0))
        if now - last > _FORGIVEN_S + pause:
            pause = 0.0
        else:
            pause = min(max(pause * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        self._deaths[worker] = now, pause
        return pause


class Respawning(Protocol):
    """What is used of granian's server; a test holds each name."""

    respawned_wrks: Any
    interrupt_children: list[int]
    main_loop_interrupt: threading.Event

    def _respawn_workers(
        self, workers: Sequence[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None: ...


class _NeverLately(dict[int, float]):
    """Granian's book of restarts, in which no restart was lately."""

    def get(self, key: int, default: Any = None) -> Any:  # noqa: ARG002 - the mapping's own signature
        return float("-inf")


def restart_alone(server: Respawning, count: RestartCount) -> None:
    """Let each worker of a granian server be restarted by itself.

    Args:
        server: The server, before it serves.
        count: Is told each restart of a worker that died.
    """
    pauses = GrowingPauses(time.monotonic)
    respawn = server._respawn_workers  # noqa: SLF001 - granian has no hook here
    waited_for: set[int] = set()

    def again(worker: int) -> None:
        server.interrupt_children.append(worker)
        server.main_loop_interrupt.set()

    def respawn_each(workers: Sequence[int], spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        if delay:  # a reload that an operator asked for, not a death
            respawn(workers, spawn_target, target_loader, delay)
            return
        for worker in workers:
            pause = 0.0 if worker in waited_for else pauses.died(worker)
            waited_for.discard(worker)
            if not pause:
                count.add()
                respawn([worker], spawn_target, target_loader)
                continue
            waited_for.add(worker)
            timer = threading.Timer(pause, again, (worker,))
            timer.daemon = True
            timer.start()

    server.respawned_wrks = _NeverLately()
    server._respawn_workers = respawn_each  # type: ignore[method-assign]  # noqa: SLF001 - the same
