"""Work that a thread does behind the requests: a bounded queue that never makes anyone wait."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

_SELDOM = 0x3F


class BackgroundQueue(Generic[T]):
    """Takes items at once and hands them over in batches on a thread of its own.

    The thread starts with the first item, so a process that forks its workers after building
    this object has one in each worker. While items trickle in it wakes once an interval, not
    once an item: on one interpreter every wake-up is taken from a request.

    Args:
        take: Receives each batch on the thread; may block. If it raises, the batch is lost.
        lost: Is told how many items were lost, for want of room or by `take`; called on any thread.
        name: The thread's name.
        capacity: Most items that wait.
        batch: Most items in one batch; so many waiting items wake the thread at once.
        interval_s: The longest an item waits while `take` is quick.
    """

    def __init__(
        self,
        take: Callable[[Sequence[T]], None],
        lost: Callable[[int], None],
        *,
        name: str,
        capacity: int,
        batch: int,
        interval_s: float,
    ) -> None:
        self._take = take
        self._lost = lost
        self._name = name
        self._capacity = capacity
        self._batch = batch
        self._interval_s = interval_s
        self._items: deque[T] = deque()
        self._wake = threading.Event()
        self._drained = threading.Condition()
        self._busy = False
        self._closed = False
        self._starting = threading.Lock()
        self._process: int | None = None  # the one whose thread it is

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return len(self._items)

    def put(self, items: Sequence[T]) -> None:
        """Take the items; those that find the queue full, or closed, are lost."""
        room = 0 if self._closed else self._capacity - len(self._items)
        if room < len(items):
            self._lost(len(items) - max(room, 0))
            items = items[: max(room, 0)]
        self._items.extend(items)
        self._look_after()

    def add(self, item: T) -> None:
        """Take one item, as `put` does."""
        if self._closed or len(self._items) >= self._capacity:
            self._lost(1)
            return
        self._items.append(item)
        waiting = len(self._items)
        # Which process this is costs a system call: asked for the first that waits, and now and then
        # for the sake of a fork that came while others waited.
        if waiting == 1 or self._process is None or not waiting & _SELDOM:
            self._look_after()
        elif waiting >= self._batch:
            self._wake.set()

    def _look_after(self) -> None:
        # A thread does not survive a fork, and asking it whether it lives costs more than the item.
        if self._process != os.getpid():
            self._start()
        if len(self._items) >= self._batch:
            self._wake.set()

    def _start(self) -> None:
        with self._starting:
            if self._process != os.getpid() and not self._closed:
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
                self._process = os.getpid()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(self._interval_s)
            self._wake.clear()
            self._drain()

    def _drain(self) -> None:
        self._busy = True
        while self._items:
            batch = [self._items.popleft() for _ in range(min(self._batch, len(self._items)))]
            try:
                self._take(batch)
            except Exception:  # noqa: BLE001 - a thread that died of one batch would take all later ones with it
                self._lost(len(batch))
        with self._drained:
            self._busy = False
            self._drained.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Hand over what waits now; say whether all of it went in time. Blocks: not for an event loop."""
        if self._items:
            self._look_after()
        self._wake.set()
        with self._drained:
            return self._drained.wait_for(lambda: not self._items and not self._busy, timeout_s)

    def close(self, timeout_s: float) -> None:
        """Hand over what waits, as long as `timeout_s` allows, and take nothing more."""
        if self._items or self._busy:
            self.flush(timeout_s)
        self._closed = True
        self._wake.set()
