"""The cells that measurements live in: one flat mapping, private to a process or shared by a file.

A mapping never moves and never grows, so a handle may keep views and indexes for good. It is
sized for the whole label budget; pages that were never written cost nothing.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from weakref import WeakSet

CELL = 8
# Those whose lock a forked child would inherit.
_HELD: WeakSet[Memory] = WeakSet()
_PASSING: set[int] = set()


class Memory:
    """Cells of eight bytes, seen as signed integers, as doubles or as bytes.

    Args:
        area: The mapping.
        descriptor: The open file whose lock says that the owner lives; None without one. It is not
            the mapping's own, so that giving the lock up leaves the cells in place: whatever is
            still counted in a worker that shuts down is lost, and never an error.
    """

    def __init__(self, area: mmap.mmap, descriptor: int | None = None) -> None:
        self.area = area
        self.ints: memoryview[int] = memoryview(area).cast("q")
        self.floats: memoryview[float] = memoryview(area).cast("d")
        self._descriptor = descriptor
        if descriptor is not None:
            _guard_forks()
            _HELD.add(self)

    @classmethod
    def private(cls, cells: int) -> Memory:
        """Map cells of this process alone."""
        return cls(mmap.mmap(-1, cells * CELL, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))

    @classmethod
    def create(cls, path: Path, cells: int) -> Memory:
        """Map a new file, locked for as long as its owner lives.

        The file appears under its name only once it is locked, so that nobody ever finds it
        unlocked and takes its owner for dead.
        """
        unborn = path.with_suffix(".new")
        descriptor = os.open(unborn, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Room taken now: a write to a cell that a full file system has no room for ends the process.
            os.posix_fallocate(descriptor, 0, cells * CELL)
            memory = cls(_map(unborn, cells), descriptor)
            unborn.rename(path)
        except BaseException:
            os.close(descriptor)
            unborn.unlink(missing_ok=True)
            raise
        return memory

    @classmethod
    def attach(cls, path: Path, cells: int) -> Memory:
        """Map a file that others own or share, without its lock.

        Raises:
            FileNotFoundError: There is no such file (any more).
        """
        return cls(_map(path, cells), os.open(path, os.O_RDWR | os.O_CLOEXEC))

    def is_owned(self) -> bool:
        """Whether the process that created the file still holds its lock."""
        if self._descriptor is None:
            return True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return False

    def zero(self, start: int, cells: int) -> None:
        """Set `cells` cells from `start` to nothing."""
        self.area[start * CELL : (start + cells) * CELL] = bytes(cells * CELL)

    def close(self) -> None:
        """Give the lock up; the cells go with the last handle on them."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def locked(path: Path, mode: int) -> Iterator[None]:
    """Hold a lock between processes while the block runs; `mode` is one of `fcntl`'s."""
    _guard_forks()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    _PASSING.add(descriptor)
    try:
        fcntl.flock(descriptor, mode)
        yield
    finally:
        _PASSING.discard(descriptor)
        os.close(descriptor)


@cache
def _guard_forks() -> None:
    os.register_at_fork(after_in_child=_let_go)


def _let_go() -> None:
    # flock belongs to the open file: a child that outlives its parent would keep a dead worker's
    # counts alive, or a lock held for ever. Closing the copy leaves the parent's lock as it is.
    for memory in list(_HELD):
        memory.close()
    for descriptor in _PASSING:
        os.close(descriptor)
    _PASSING.clear()


def _map(path: Path, cells: int) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return mmap.mmap(descriptor, cells * CELL)
    finally:
        os.close(descriptor)
