"""Which tenant has which row: one table for all workers, so that the budget is the service's.

Cells: changes so far, rows ever used, free rows, live tenants, then for each row the tenant's id, its
incarnation and its birth, the stack of free rows, and an open-addressing index from tenant to row.
An evicted row's incarnation moves on, and with one store all workers' counts for it are void.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from monitor.metrics.catalogue import NO_TENANT, OVERFLOW
from monitor.metrics.cell_layout import TENANT_RESERVE
from monitor.metrics.memory import CELL, Memory

OVERFLOW_ROW = 0
NO_TENANT_ROW = 1
_CHANGES, _USED, _FREE, _LIVE = 0, 1, 2, 3
_HEADER = 4
_EMPTY, _BURIED = 0, -1
_KNUTH = 2654435761  # multiplicative hashing, The Art of Computer Programming 6.4
_ATTEMPTS = 200


@dataclass(frozen=True, slots=True)
class LiveRows:
    """A run of rows at one moment.

    Attributes:
        tenants: The tenant id of each row; 0 where the row is free.
        incarnations: The incarnation of each row.
        first: The number of the first row.
        births: When each row was given to its tenant, in seconds since the Unix epoch.
    """

    tenants: list[int]
    incarnations: list[int]
    first: int = 0
    births: list[float] = field(default_factory=list)

    def slices(self, rows: int) -> Iterator[LiveRows]:
        """Cut into runs of at most `rows`."""
        for at in range(0, len(self.tenants), rows):
            end = at + rows
            yield LiveRows(
                self.tenants[at:end], self.incarnations[at:end], self.first + at, self.births[at:end]
            )


def _long_ago() -> float:
    return 0.0


class TenantTable:
    """The table; claims and evictions take a lock that is held for microseconds.

    Args:
        rows: Rows in all, the reserved ones included.
        directory: Where workers share it; None for one process.
        now: Seconds since the Unix epoch.
    """

    def __init__(self, rows: int, directory: Path | None, now: Callable[[], float] = _long_ago) -> None:
        self._rows = rows
        self._now = now
        self._buckets = 1 << (2 * rows).bit_length()
        cells = _HEADER + 4 * rows + self._buckets
        self._tenants = _HEADER
        self._incarnations = _HEADER + rows
        self._births = _HEADER + 2 * rows
        self._free = _HEADER + 3 * rows
        self._index = _HEADER + 4 * rows
        self._thread_lock = threading.Lock()
        self._lock_file: int | None = None
        if directory is None:
            self._memory = Memory.private(cells)
        else:
            self._lock_file = _open(directory / "tenants.lock")
            self._memory = _attach_or_create(directory / "tenants", cells)
        self._ints = self._memory.ints
        self.incarnations: memoryview[int] = self._ints[self._incarnations : self._incarnations + rows]
        self._reserve()

    @property
    def live(self) -> int:
        """How many tenants have a row of their own."""
        return self._ints[_LIVE]

    @property
    def changes(self) -> int:
        """How often a row was given or freed: as long as it stays, so does every refusal."""
        return self._ints[_CHANGES]

    @property
    def capacity(self) -> int:
        """How many tenants may have a row of their own."""
        return self._rows - TENANT_RESERVE

    @property
    def full(self) -> bool:
        """Whether a newcomer would find no row."""
        return self._ints[_LIVE] >= self.capacity

    def claim(self, tenant: int) -> int | None:
        """Return the tenant's row, taken now if it had none, or the overflow's where none is free.

        None says that another process keeps the table for too long: ask again next time.
        """
        with self._locked() as held:
            if not held:
                return None
            place, row = self._find(tenant)
            return row or self._take(tenant, place)

    def snapshot(self) -> LiveRows:
        """Return the rows in use; a row that changes hands meanwhile is left out."""
        used = self._ints[_USED]
        before = self.incarnations[:used].tolist()
        tenants = self._ints[self._tenants : self._tenants + used].tolist()
        after = self.incarnations[:used].tolist()
        if before != after:
            pairs = zip(tenants, before, after, strict=True)
            tenants = [tenant if was == now else 0 for tenant, was, now in pairs]
        births = cast("list[float]", self._memory.floats[self._births : self._births + used].tolist())
        return LiveRows(tenants, after, births=births)

    def evict(self, row: int, tenant: int, incarnation: int) -> bool:
        """Free the row, if it still counts for that tenant's same incarnation."""
        with self._locked() as held:
            found = self._ints[self._tenants + row], self.incarnations[row]
            if not held or found != (tenant, incarnation):
                return False
            place, _ = self._find(tenant)
            self._ints[self._tenants + row] = 0
            self._ints[self._incarnations + row] += 1
            self._bury(place)
            self._ints[self._free + self._ints[_FREE]] = row
            self._ints[_FREE] += 1
            self._ints[_LIVE] -= 1
            self._ints[_CHANGES] += 1
            return True

    def close(self) -> None:
        """Give the mapping back."""
        self._memory.close()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def _reserve(self) -> None:
        with self._locked():
            if self._ints[_USED] < TENANT_RESERVE:
                for row in (OVERFLOW_ROW, NO_TENANT_ROW):
                    self._ints[self._incarnations + row] = 1
                    self._ints[self._tenants + row] = -1 - row
                    self._memory.floats[self._births + row] = self._now()
                self._ints[_USED] = TENANT_RESERVE

    def _find(self, tenant: int) -> tuple[int, int]:
        """Return the index place and row of the tenant, or the place to put it and row 0."""
        place = tenant * _KNUTH % self._buckets
        vacant = None
        for _ in range(self._buckets):
            row = self._ints[self._index + place]
            if row == _EMPTY:
                break
            if row == _BURIED:
                vacant = place if vacant is None else vacant
            elif self._ints[self._tenants + row] == tenant:
                return place, row
            place = (place + 1) % self._buckets
        return (place if vacant is None else vacant), 0

    def _take(self, tenant: int, place: int) -> int:
        # A process killed in between leaks a row; it can never give one row to two tenants.
        ints = self._ints
        if ints[_FREE]:
            ints[_FREE] -= 1
            row = ints[self._free + ints[_FREE]]
        elif ints[_USED] < self._rows:
            row = ints[_USED]
            ints[_USED] += 1
        else:
            return OVERFLOW_ROW
        ints[_LIVE] += 1
        ints[self._incarnations + row] += 1
        self._memory.floats[self._births + row] = self._now()
        ints[self._tenants + row] = tenant
        ints[self._index + place] = row
        ints[_CHANGES] += 1
        return row

    def _bury(self, place: int) -> None:
        """Mark the place as passed over; with nothing behind it, clear the run of such places."""
        following = (place + 1) % self._buckets
        if self._ints[self._index + following] != _EMPTY:
            self._ints[self._index + place] = _BURIED
            return
        self._ints[self._index + place] = _EMPTY
        before = (place - 1) % self._buckets
        while self._ints[self._index + before] == _BURIED:
            self._ints[self._index + before] = _EMPTY
            before = (before - 1) % self._buckets

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        """Hold the table; gives False when another process keeps it for too long.

        A claim happens on the serving loop, so a suspended worker that holds the lock must
        cost the others a moment and not their life.
        """
        with self._thread_lock:
            held = self._lock_file is None or _try_lock(self._lock_file)
            try:
                yield held
            finally:
                if held and self._lock_file is not None:
                    fcntl.flock(self._lock_file, fcntl.LOCK_UN)


def tenant_label(tenant: int) -> str:
    """Return the label value of a table entry."""
    if tenant > 0:
        return str(tenant)
    return OVERFLOW if tenant == -1 - OVERFLOW_ROW else NO_TENANT


def _try_lock(descriptor: int) -> bool:
    for _ in range(_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.sched_yield()
        else:
            return True
    return False


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _attach_or_create(path: Path, cells: int) -> Memory:
    descriptor = _open(path)
    try:
        os.posix_fallocate(descriptor, 0, cells * CELL)
    finally:
        os.close(descriptor)
    return Memory.attach(path, cells)
