"""A thread beside the serving loop, in the same interpreter, that gives way when asked."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

# What the serving loop waits for the interpreter at most, beside the longest single call into C.
GIVE_WAY_S = 0.0001
_REST_S = 0.0002

P = ParamSpec("P")
R = TypeVar("R")


def give_way() -> None:
    """Rest for a moment, so that the loop finishes what it has begun instead of sharing every step."""
    time.sleep(_REST_S)


class YieldingThread(ThreadPoolExecutor):
    """One thread whose work never keeps the serving loop waiting for long.

    CPython hands its lock over after `sys.getswitchinterval()`, 5 ms by default: a request that
    comes in while a scrape is rendered would wait that long, once for every step. The interval
    is short only while this thread works; there is one of it, so nothing else changes it meanwhile.
    """

    def __init__(self, name: str) -> None:
        super().__init__(1, thread_name_prefix=name)
        self._usual_s = sys.getswitchinterval()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        return super().submit(self._give_way, fn, *args, **kwargs)  # type: ignore[arg-type]

    def _give_way(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        sys.setswitchinterval(GIVE_WAY_S)
        try:
            return work(*args, **kwargs)
        finally:
            sys.setswitchinterval(self._usual_s)
