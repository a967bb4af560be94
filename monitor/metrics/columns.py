"""Instruments whose values live in columns of cells, so that a scrape reads arrays, not objects."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from monitor.errors import UndeclaredMetric
from monitor.metrics import catalogue
from monitor.metrics.catalogue import Kind, Metric
from monitor.metrics.cell_layout import Block, ExemplarCells, Layout
from monitor.metrics.instruments import Counter, ExemplarWriter, Gauge, Histogram, TenantRow
from monitor.metrics.memory import CELL, Memory

_LONGEST_LABEL = 120
_LENGTH_BITS = 16
_HEAP_RESERVE = 1 << 14  # what the overflow rows may still need when the heap is spent

Instrument = TypeVar("Instrument")


class Series(Generic[Instrument]):
    """The instruments of one family, by label set.

    Args:
        resolve: Makes the instrument of a label set; says whether it is the set's own, or the
            overflow's, which is not remembered: the memory is bounded as the series are.
    """

    __slots__ = ("_known", "_resolve")

    def __init__(self, resolve: Callable[[tuple[str, ...]], tuple[Instrument, bool]]) -> None:
        self._resolve = resolve
        self._known: dict[tuple[str, ...], Instrument] = {}

    def of(self, *labels: str) -> Instrument:
        """Return the instrument of the label values, in the catalogue's order."""
        known = self._known.get(labels)
        if known is not None:
            return known
        instrument, own = self._resolve(labels)
        if own:
            self._known[labels] = instrument
        return instrument

    def __contains__(self, labels: tuple[str, ...]) -> bool:
        """Say whether the label values have an instrument of their own, which they keep."""
        return labels in self._known


class Columns:
    """The instruments of one worker, written by it alone.

    Args:
        layout: The place of every value.
        memory: The cells.
        now: Seconds since the Unix epoch, for exemplars.
    """

    def __init__(self, layout: Layout, memory: Memory, now: Callable[[], float]) -> None:
        self.layout = layout
        self.memory = memory
        self._now = now
        self._rows: dict[tuple[str, tuple[str, ...]], int] = {}
        self._heap_used = 0
        self._growing = threading.Lock()

    def counters(self, metric: Metric) -> Series[Counter]:
        """Return the counters of a family."""
        block = self._block(metric, Kind.COUNTER)
        return Series(partial(self._resolve, block, lambda row: Counter(self.memory, block.values + row)))

    def gauges(self, metric: Metric) -> Series[Gauge]:
        """Return the gauges of a family; an info metric's are 1."""
        block = self._block(metric, Kind.INFO if metric.kind is Kind.INFO else Kind.GAUGE)
        return Series(partial(self._resolve, block, lambda row: Gauge(self.memory, block.values + row)))

    def histograms(self, metric: Metric) -> Series[Histogram]:
        """Return the histograms of a family."""
        block = self._block(metric, Kind.HISTOGRAM)
        return Series(partial(self._resolve, block, partial(self._histogram, block)))

    def tenant_row(self, number: int, incarnation: int) -> TenantRow:
        """Return the row of a tenant, emptied first if it counted for another one."""
        block = self.layout.tenants
        if self.memory.ints[block.incarnations + number] != incarnation:
            self._clear(number)
            self.memory.ints[block.incarnations + number] = incarnation
        start = block.counts + number * block.stride
        durations = {
            name: Histogram(
                self.memory,
                family.metric.buckets,
                start + family.first,
                block.sums + number * block.histograms + family.sums,
                self._exemplar_writer(family.exemplars, number * family.counts),
            )
            for name, family in block.families.items()
            if not family.variants
        }
        return TenantRow(self.memory, number, incarnation, start, durations)

    def _exemplar_writer(self, cells: ExemplarCells | None, first: int) -> ExemplarWriter | None:
        return None if cells is None else ExemplarWriter(self.memory, cells, first, self._now)

    def _clear(self, number: int) -> None:
        block = self.layout.tenants
        self.memory.ints[block.incarnations + number] = 0
        self.memory.zero(block.counts + number * block.stride, block.stride)
        self.memory.zero(block.sums + number * block.histograms, block.histograms)
        for family in block.families.values():
            if family.exemplars is not None:
                self.memory.zero(family.exemplars.stamps + number * family.counts, family.counts)

    def restore(
        self, block: Block, labels: tuple[str, ...], counts: Sequence[int], value: float, birth: float
    ) -> None:
        """Add what another worker counted for a label set, first published at `birth`."""
        row, _ = self._resolve(block, int, labels)
        self.memory.floats[block.births + row] = birth
        first = block.counts + row * block.buckets
        for bucket, count in enumerate(counts):
            self.memory.ints[first + bucket] += count
        self.memory.floats[block.values + row] += value

    def _block(self, metric: Metric, kind: Kind) -> Block:
        block = self.layout.blocks.get(metric.name)
        if block is None or block.metric != metric or metric.kind is not kind:
            raise UndeclaredMetric(metric.name)
        return block

    def _histogram(self, block: Block, row: int) -> Histogram:
        first = row * block.buckets
        exemplars = self._exemplar_writer(block.exemplars, first)
        bounds = block.metric.buckets
        return Histogram(self.memory, bounds, block.counts + first, block.values + row, exemplars)

    def _resolve(
        self, block: Block, instrument: Callable[[int], Instrument], labels: tuple[str, ...]
    ) -> tuple[Instrument, bool]:
        if len(labels) != len(block.metric.labels):
            raise UndeclaredMetric(block.metric.name)
        with self._growing:
            row = self._rows.get((block.metric.name, labels))
            if row is None:
                row = self._publish(block, labels)
            own = row is not None
            return instrument(self._overflow_row(block, labels) if row is None else row), own

    def _overflow_row(self, block: Block, labels: tuple[str, ...]) -> int:
        """Return one of the family's last rows, where every label set over the budget is counted."""
        metric = block.metric
        if metric is not catalogue.LABEL_OVERFLOW:
            self._count_overflow(metric)
        first = block.rows - len(metric.overflows)
        if (metric.name, metric.overflows[0]) not in self._rows:
            # All of them at once: a reader that has passed a row over does not look at it again.
            for at, overflow in enumerate(metric.overflows):
                self._write_labels(block, first + at, overflow)
        return first + metric.overflow_of(labels)

    def _count_overflow(self, metric: Metric) -> None:
        block = self.layout.blocks.get(catalogue.LABEL_OVERFLOW.name)
        if block is not None:
            row = self._rows.get((block.metric.name, (metric.name,)))
            row = self._publish(block, (metric.name,)) if row is None else row
            self.memory.floats[block.values + (block.rows - 1 if row is None else row)] += 1.0

    def _publish(self, block: Block, labels: tuple[str, ...]) -> int | None:
        """Take a row for the label set; None where the family's rows or the heap are spent."""
        row = self.memory.ints[block.used]
        spent = self._heap_used + _HEAP_RESERVE > self.layout.heap_bytes
        if (row >= block.rows - len(block.metric.overflows) and block.metric.labels) or spent:
            return None
        return self._write_labels(block, row, labels)

    def _write_labels(self, block: Block, row: int, labels: tuple[str, ...]) -> int:
        shown = [label[:_LONGEST_LABEL] for label in labels]
        text = json.dumps(shown, ensure_ascii=False).encode("utf-8", "replace")
        at = self.layout.heap * CELL + self._heap_used
        self.memory.area[at : at + len(text)] = text
        self.memory.ints[block.labels + row] = (self._heap_used << _LENGTH_BITS) + len(text)
        self._heap_used += len(text)
        self.memory.floats[block.births + row] = self._now()
        # A reader counts rows first: the row is complete before it is counted.
        self.memory.ints[block.used] = row + 1
        self._rows[(block.metric.name, labels)] = row
        return row


def row_labels(layout: Layout, memory: Memory, block: Block, row: int) -> tuple[str, ...]:
    """Read back the labels of a published row."""
    pointer = memory.ints[block.labels + row]
    at = layout.heap * CELL + (pointer >> _LENGTH_BITS)
    return tuple(json.loads(memory.area[at : at + (pointer & ((1 << _LENGTH_BITS) - 1))]))
