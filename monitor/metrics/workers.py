"""The counts of all workers: each writes its own memory, any of them can read all.

With a directory each worker's cells are a file that it holds locked while it lives. A file
without a lock belonged to a worker that ended, however it ended: its counters and histograms
are folded into the base file, its gauges end with it. The base is replaced in one rename that
also says whom it folded last, so a crash at any point neither loses nor doubles a count.
"""

from __future__ import annotations

import errno
import fcntl
import math
import secrets
import threading
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from monitor.errors import ConfigurationError
from monitor.metrics.catalogue import TENANT_BUDGET, TENANT_SERIES, WORKERS, Kind
from monitor.metrics.cell_layout import FOLDED_CELL, IDENTITY_CELL, TENANT_RESERVE, Layout
from monitor.metrics.columns import Columns
from monitor.metrics.family import Families
from monitor.metrics.memory import CELL, Memory, locked
from monitor.metrics.plain_reading import births_of, read_plain
from monitor.metrics.reading import ROWS_A_SLICE, View
from monitor.metrics.source import Source
from monitor.metrics.tenant_table import LiveRows, TenantTable

# Prometheus stores an exemplar at the first scrape that shows it; older ones are dead weight.
EXEMPLAR_S = 120.0
_SUFFIX = ".worker"

Number = TypeVar("Number", int, float)


class Workers:
    """This worker's columns and the sum over all workers.

    Args:
        layout: The place of every value; workers of one directory and layout are summed.
        now: Seconds since the Unix epoch.
        directory: Shared by the workers; None for one process on its own.

    Raises:
        ConfigurationError: The directory is not there, cannot be written, or has no room.
    """

    def __init__(self, layout: Layout, now: Callable[[], float], directory: Path | None = None) -> None:
        self.layout = layout
        self._now = now
        self._identity = secrets.randbits(62)
        self.name: str = f"{self._identity:016x}{_SUFFIX}"
        self._place = None if directory is None else directory / layout.digest
        self.table: TenantTable
        memory, self.table = self._opened(directory)
        memory.ints[IDENTITY_CELL] = self._identity
        self.columns: Columns = Columns(layout, memory, now)
        self._own = Source(layout, memory, gauges=True)
        self._others: dict[str, Source] = {}
        self._base: tuple[int, Source] | None = None
        # Readers of one process share the attached files: one reads at a time.
        self._reading = threading.Lock()

    def _opened(self, directory: Path | None) -> tuple[Memory, TenantTable]:
        cells, rows = self.layout.cells, self.layout.tenant_rows
        if directory is None or self._place is None:
            return Memory.private(cells), TenantTable(rows, None, self._now)
        try:
            # Its parents are not made: workers that misspell it would each count for themselves.
            self._place.mkdir(exist_ok=True, mode=0o700)
            memory = Memory.create(self._place / self.name, cells)
            return memory, TenantTable(rows, self._place, self._now)
        except OSError as failure:
            raise ConfigurationError("metrics directory", _remedy(directory, failure, cells)) from failure

    @contextmanager
    def view(self, exemplars_s: float = EXEMPLAR_S, hold_s: float = 0.0) -> Iterator[View]:
        """Give all workers' counts to be read piece by piece.

        Args:
            exemplars_s: How old an exemplar may be.
            hold_s: How long a new series is shown as nothing yet.
        """
        with self.sources() as sources:
            facts = {
                TENANT_SERIES: float(self.table.live),
                TENANT_BUDGET: float(self.layout.tenant_rows - TENANT_RESERVE),
                WORKERS: float(len(sources) - (self._base is not None)),
            }
            now = self._now()
            born_by = now - hold_s if hold_s else math.inf
            yield View(self.layout, sources, self.table.snapshot(), facts, now - exemplars_s, born_by)

    def read(self) -> Families:
        """Return what all workers have counted together; call it off the serving loop."""
        with self.view() as view:
            return view.reading()

    def tenant_totals(self) -> tuple[LiveRows, list[int]]:
        """Return the rows in use and everything counted in each, over all workers."""
        with self.sources() as sources:
            live = self.table.snapshot()
            slices = live.slices(ROWS_A_SLICE)
            return live, [total for rows in slices for total in _totals(sources, rows)]

    def tenant_total(self, row: int) -> int:
        """Return everything counted in one row right now, over all workers."""
        with self.sources() as sources:
            return _totals(sources, LiveRows([0], [0], row))[0]

    @contextmanager
    def sources(self) -> Iterator[list[Source]]:
        """Give the cells of every worker, this one first, held still against folding."""
        with self._reading, ExitStack() as stack:
            if self._place is None:
                yield [self._own]
                return
            # Without room to fold, a dead worker's file simply goes on being read.
            with suppress(OSError):
                self._fold_dead(self._place)
            stack.enter_context(locked(self._place / "workers.lock", fcntl.LOCK_SH))
            base = self._open_base(self._place)
            yield [self._own, *self._open_others(self._place), *([base] if base else [])]

    def close(self) -> None:
        """Give up the memory; with a directory, the others take the counts over."""
        with self._reading:
            for source in (self._own, *self._others.values(), *(self._base or ())[1:]):
                source.memory.close()
            self._others.clear()
            self._base = None
            self.table.close()

    def _open_others(self, place: Path) -> list[Source]:
        names = {path.name for path in place.glob(f"*{_SUFFIX}")} - {self.name}
        for gone in self._others.keys() - names:
            self._others.pop(gone).memory.close()
        for name in sorted(names - self._others.keys()):
            memory = Memory.attach(place / name, self.layout.cells)
            self._others[name] = Source(self.layout, memory, gauges=True)
        folded = self._base[1].memory.ints[FOLDED_CELL] if self._base else 0
        return [s for s in self._others.values() if s.memory.ints[IDENTITY_CELL] != folded]

    def _open_base(self, place: Path) -> Source | None:
        path = place / "base"
        if not path.exists():
            return None
        number = path.stat().st_ino
        # An open file keeps its inode number from being used again, so equal means the same.
        if self._base is None or self._base[0] != number:
            if self._base is not None:
                self._base[1].memory.close()
            self._base = number, Source(self.layout, Memory.attach(path, self.layout.cells), gauges=False)
        return self._base[1]

    def _find_dead(self, place: Path) -> list[str]:
        with locked(place / "workers.lock", fcntl.LOCK_SH):
            self._open_base(place)
            self._open_others(place)
            return [name for name, source in self._others.items() if not source.memory.is_owned()]

    def _fold_dead(self, place: Path) -> None:
        if not self._find_dead(place):
            return
        with locked(place / "workers.lock", fcntl.LOCK_EX):
            self._fold_each(place)

    def _fold_each(self, place: Path) -> None:
        base = self._open_base(place)
        self._open_others(place)
        dead = [(name, source) for name, source in self._others.items() if not source.memory.is_owned()]
        folded = base.memory.ints[FOLDED_CELL] if base else 0
        # The base names one worker only: whom it names goes before anyone else is folded.
        for name, source in sorted(dead, key=lambda item: item[1].memory.ints[IDENTITY_CELL] != folded):
            identity = source.memory.ints[IDENTITY_CELL]
            if identity != folded:
                self._replace_base(place, [s for s in (base, source) if s], identity)
                base = self._open_base(place)
            (place / name).unlink()
            self._others.pop(name).memory.close()

    def _replace_base(self, place: Path, sources: list[Source], identity: int) -> None:
        following = Memory.create(place / "base.next", self.layout.cells)
        columns = Columns(self.layout, following, self._now)
        for block in self.layout.blocks.values():
            if block.metric.kind in (Kind.COUNTER, Kind.HISTOGRAM):
                family = read_plain(block, sources)
                births = births_of(block, sources)
                for row, labels in enumerate(family.labels):
                    counts = family.counts[row * block.buckets : (row + 1) * block.buckets]
                    columns.restore(block, labels, counts, family.values[row], births[labels])
        self._restore_tenants(following, sources)
        following.ints[FOLDED_CELL] = identity
        following.close()
        (place / "base.next").rename(place / "base")

    def _restore_tenants(self, memory: Memory, sources: list[Source]) -> None:
        block = self.layout.tenants
        for live in self.table.snapshot().slices(ROWS_A_SLICE):
            counts = [sum(each) for each in zip(*(s.tenant_counts(live) for s in sources), strict=True)]
            sums = [sum(each) for each in zip(*(s.tenant_sums(live) for s in sources), strict=True)]
            _put(memory.ints, block.counts + live.first * block.stride, array("q", counts))
            _put(memory.floats, block.sums + live.first * block.histograms, array("d", sums))
            _put(memory.ints, block.incarnations + live.first, array("q", live.incarnations))


def _totals(sources: list[Source], live: LiveRows) -> list[int]:
    return [sum(each) for each in zip(*(s.tenant_totals(live) for s in sources), strict=True)]


def _put(cells: memoryview[Number], first: int, values: array[Number]) -> None:
    cells[first : first + len(values)] = memoryview(values)


def _remedy(directory: Path, failure: OSError, cells: int) -> str:
    """Say what is wrong with the directory, and what to do about it."""
    if failure.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"{directory} is no folder: make it before the workers start"
    if failure.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{directory} has no room: each worker needs {cells * CELL / 1e6:.1f} MB there"
    if failure.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{directory} cannot be written: let the service's user write there"
    return f"{directory} cannot be used: {failure.strerror}"
