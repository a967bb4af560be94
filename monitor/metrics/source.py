"""The cells of one worker, as a reader sees them."""

from __future__ import annotations

from itertools import compress
from typing import cast

from monitor.metrics.catalogue import Kind
from monitor.metrics.cell_layout import Block, ExemplarCells, Layout
from monitor.metrics.columns import row_labels
from monitor.metrics.family import Exemplar
from monitor.metrics.memory import CELL, Memory
from monitor.metrics.tenant_table import LiveRows

_PRESENT = (Kind.GAUGE, Kind.INFO)  # what is true of a worker only while it lives
_TRACE_BYTES = 16
_TRACE_DIGITS = 32


class Source:
    """The cells of one worker, or of all dead ones together, as a reader sees them."""

    def __init__(self, layout: Layout, memory: Memory, *, gauges: bool) -> None:
        self._layout = layout
        self._gauges = gauges
        self._labels: dict[str, list[tuple[str, ...] | None]] = {}
        self.memory = memory

    def rows(self, block: Block) -> list[tuple[str, ...] | None]:
        """Return the labels of the block's rows; None for a row that was passed over."""
        known = self._labels.setdefault(block.metric.name, [])
        if block.metric.kind in _PRESENT and not self._gauges:
            return known
        for row in range(len(known), self.memory.ints[block.used]):
            published = self.memory.ints[block.labels + row] != 0
            known.append(row_labels(self._layout, self.memory, block, row) if published else None)
        return known

    def tenant_counts(self, live: LiveRows) -> list[int]:
        """Return the tenants' counts, row after row; nothing where the row is another tenant's."""
        block = self._layout.tenants
        stride, first = block.stride, block.counts + live.first * block.stride
        cells = self.memory.ints[first : first + len(live.tenants) * stride].tolist()
        for row in self.void_rows(live):
            cells[row * stride : (row + 1) * stride] = [0] * stride
        return cells

    def tenant_sums(self, live: LiveRows) -> list[float]:
        """Return the tenants' sums like their counts."""
        block = self._layout.tenants
        width, first = block.histograms, block.sums + live.first * block.histograms
        # typeshed says that every view's list holds integers.
        part = self.memory.floats[first : first + len(live.tenants) * width]
        cells = cast("list[float]", part.tolist())
        for row in self.void_rows(live):
            cells[row * width : (row + 1) * width] = [0.0] * width
        return cells

    def tenant_totals(self, live: LiveRows) -> list[int]:
        """Return everything counted in each row, whoever's it is."""
        block = self._layout.tenants
        first, end = block.counts + live.first * block.stride, len(live.tenants) * block.stride
        cells = self.memory.ints[first : first + end].tolist()
        return [sum(cells[at : at + block.stride]) for at in range(0, end, block.stride)]

    def exemplars(self, cells: ExemplarCells, first: int, count: int, since: float) -> dict[int, Exemplar]:
        """Return the exemplars younger than `since` among `count` buckets from `first` on."""
        at = cells.stamps + first
        stamps = self.memory.floats[at : at + count].tolist()
        young = list(map(since.__lt__, stamps))
        if True not in young:
            return {}
        at = cells.observed + first
        observed = self.memory.floats[at : at + count].tolist()
        at = cells.traces * CELL + first * _TRACE_BYTES
        traces = self.memory.area[at : at + count * _TRACE_BYTES].hex()
        found = list(compress(range(count), young))
        ids = [traces[at * _TRACE_DIGITS : (at + 1) * _TRACE_DIGITS] for at in found]
        kept = zip(ids, compress(observed, young), compress(stamps, young), strict=True)
        return dict(zip(found, kept, strict=True))

    def void_rows(self, live: LiveRows) -> list[int]:
        """Return which of the rows count for another incarnation here, from `live.first` on."""
        first = self._layout.tenants.incarnations + live.first
        mine = self.memory.ints[first : first + len(live.incarnations)].tolist()
        if mine == live.incarnations:
            return []
        pairs = enumerate(zip(mine, live.incarnations, strict=True))
        return [row for row, (own, current) in pairs if own not in (0, current)]
