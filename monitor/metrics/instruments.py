"""The handles that the hot path writes through: resolved once, then a few index operations.

Each `+=` on a cell is free of calls, so CPython (3.10 and later, with the global lock) never
switches threads inside it: no update is lost, without a lock of our own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from monitor.metrics.cell_layout import ExemplarCells
from monitor.metrics.memory import CELL, Memory

_TRACE_DIGITS = 32


class Counter:
    """One counter series."""

    __slots__ = ("_cell", "_floats")

    def __init__(self, memory: Memory, cell: int) -> None:
        self._floats = memory.floats
        self._cell = cell

    def inc(self, amount: float = 1.0) -> None:
        """Add `amount`, which must not be negative."""
        self._floats[self._cell] += amount

    @property
    def value(self) -> float:
        return self._floats[self._cell]


class Gauge(Counter):
    """One gauge series."""

    __slots__ = ()

    def set(self, value: float) -> None:
        self._floats[self._cell] = value

    def dec(self, amount: float = 1.0) -> None:
        self._floats[self._cell] -= amount


class ExemplarWriter:
    """Writes the exemplars of one row: for each bucket the last sampled trace that fell into it."""

    __slots__ = ("_cells", "_first", "_memory", "_now")

    def __init__(self, memory: Memory, cells: ExemplarCells, first: int, now: Callable[[], float]) -> None:
        self._memory = memory
        self._cells = cells
        self._first = first
        self._now = now

    def keep(self, bucket: int, value: float, trace_id: str) -> None:
        """Put the trace at the bucket; an id that is none is ignored."""
        if len(trace_id) != _TRACE_DIGITS:
            return
        at = self._first + bucket
        floats = self._memory.floats
        trace = (self._cells.traces + 2 * at) * CELL
        # A reader takes an exemplar with a stamp only, so one under way is never seen half done.
        floats[self._cells.stamps + at] = 0.0
        self._memory.area[trace : trace + 16] = bytes.fromhex(trace_id)
        floats[self._cells.observed + at] = value
        floats[self._cells.stamps + at] = self._now()


class Histogram:
    """One histogram: counts by bucket, a sum, and exemplars.

    Args:
        bounds: Upper bounds, ascending; a value on a bound belongs to that bucket.
        first: Cell of the first bucket's count.
        total: Cell of the sum.
    """

    __slots__ = ("_bounds", "_exemplars", "_first", "_floats", "_ints", "_sum")

    def __init__(
        self,
        memory: Memory,
        bounds: Sequence[float],
        first: int,
        total: int,
        exemplars: ExemplarWriter | None,
    ) -> None:
        self._ints = memory.ints
        self._floats = memory.floats
        self._bounds = bounds
        self._first = first
        self._sum = total
        self._exemplars = exemplars

    def observe(self, value: float, trace_id: str | None = None) -> None:
        """Count one value.

        Args:
            value: In the metric's unit.
            trace_id: Hex id of the trace that took it, only if it is valid and sampled.
        """
        bucket = bisect_left(self._bounds, value)
        cell = self._first + bucket
        self._ints[cell] += 1
        self._floats[self._sum] += value
        if trace_id is not None and self._exemplars is not None:
            self._exemplars.keep(bucket, value, trace_id)


class TenantRow:
    """Everything that is counted of one tenant.

    Attributes:
        number: The row's place in the tenant table.
        incarnation: What the table must say for the row to be this tenant's.
    """

    __slots__ = ("__weakref__", "_ints", "_start", "durations", "incarnation", "number")

    def __init__(
        self, memory: Memory, number: int, incarnation: int, start: int, durations: dict[str, Histogram]
    ) -> None:
        self.number: int = number
        self.incarnation: int = incarnation
        self.durations: dict[str, Histogram] = durations
        self._ints = memory.ints
        self._start = start

    def count(self, offset: int) -> None:
        """Add one to the count at the row's `offset`."""
        cell = self._start + offset
        self._ints[cell] += 1
