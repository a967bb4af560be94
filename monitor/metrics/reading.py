"""What all workers have counted together, at one moment: the base of every scrape and window."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain, compress
from operator import add
from typing import TypeVar, cast

from monitor.metrics.catalogue import Kind, Merge, Metric
from monitor.metrics.columns import row_labels
from monitor.metrics.layout import Block, ExemplarCells, Layout, TenantFamily
from monitor.metrics.memory import CELL, Memory
from monitor.metrics.tenant_table import LiveRows, tenant_label

_TRACE_BYTES = 16
_TRACE_DIGITS = 32
# Trace id in hex, value in the metric's unit, seconds since the Unix epoch. A plain tuple: there may be
# tens of thousands, and zip makes these in C.
Exemplar = tuple[str, float, float]
_STAMP = 2
_MERGES: dict[Merge, Callable[[float, float], float]] = {Merge.SUM: add, Merge.MAX: max, Merge.MIN: min}


@dataclass(slots=True)
class Family:
    """One metric family with its values, row after row.

    Attributes:
        labels: Label values of each row; for tenant counters only the tenant.
        variants: What follows the row's labels for each of its values; one empty for others.
        counts: Bucket counts of a histogram, not cumulative.
        values: The sums of a histogram, else the values.
        exemplars: By index into `counts`.
    """

    metric: Metric
    labels: list[tuple[str, ...]]
    values: Sequence[float]
    counts: Sequence[int] = ()
    variants: tuple[tuple[str, ...], ...] = ((),)
    exemplars: dict[int, Exemplar] = field(default_factory=dict)

    @property
    def buckets(self) -> int:
        """Counts in a row: the bounds and +Inf; 0 for what is no histogram."""
        return len(self.metric.buckets) + 1 if self.metric.kind is Kind.HISTOGRAM else 0


K = TypeVar("K", bound=Hashable)
Number = TypeVar("Number", int, float)
Reading = Mapping[str, Family]


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
        if block.metric.kind is Kind.GAUGE and not self._gauges:
            return known
        for row in range(len(known), self.memory.ints[block.used]):
            published = self.memory.ints[block.labels + row] != 0
            known.append(row_labels(self._layout, self.memory, block, row) if published else None)
        return known

    def tenant_counts(self, live: LiveRows) -> list[int]:
        """Return the tenants' counts, row after row; nothing where the row is another tenant's."""
        block = self._layout.tenants
        stride = block.stride
        cells = self.memory.ints[block.counts : block.counts + len(live.tenants) * stride].tolist()
        for row in self._void(live):
            cells[row * stride : (row + 1) * stride] = [0] * stride
        return cells

    def tenant_sums(self, live: LiveRows) -> list[float]:
        """Return the tenants' sums like their counts."""
        block = self._layout.tenants
        width = block.histograms
        # typeshed says that every view's list holds integers.
        part = self.memory.floats[block.sums : block.sums + len(live.tenants) * width]
        cells = cast("list[float]", part.tolist())
        for row in self._void(live):
            cells[row * width : (row + 1) * width] = [0.0] * width
        return cells

    def tenant_total(self, row: int) -> int:
        """Return everything counted in one row, whoever's it is."""
        block = self._layout.tenants
        first = block.counts + row * block.stride
        return sum(self.memory.ints[first : first + block.stride].tolist())

    def void_rows(self, live: LiveRows) -> frozenset[int]:
        """Return the rows that count for another incarnation here."""
        return frozenset(self._void(live))

    def exemplars(self, cells: ExemplarCells, count: int, since: float) -> dict[int, Exemplar]:
        """Return the exemplars among the family's first `count` buckets that are younger than `since`."""
        stamps = self.memory.floats[cells.stamps : cells.stamps + count].tolist()
        young = list(map(since.__lt__, stamps))
        if True not in young:
            return {}
        observed = self.memory.floats[cells.observed : cells.observed + count].tolist()
        first = cells.traces * CELL
        traces = self.memory.area[first : first + count * _TRACE_BYTES].hex()
        found = list(compress(range(count), young))
        ids = [traces[at * _TRACE_DIGITS : (at + 1) * _TRACE_DIGITS] for at in found]
        kept = zip(ids, compress(observed, young), compress(stamps, young), strict=True)
        return dict(zip(found, kept, strict=True))

    def _void(self, live: LiveRows) -> list[int]:
        first = self._layout.tenants.incarnations
        mine = self.memory.ints[first : first + len(live.incarnations)].tolist()
        if mine == live.incarnations:
            return []
        pairs = enumerate(zip(mine, live.incarnations, strict=True))
        return [row for row, (own, current) in pairs if own not in (0, current)]


def read_plain(block: Block, sources: Iterable[Source], since: float = 0.0) -> Family:
    """Merge a family without tenants; gauges as the catalogue says, the rest by addition."""
    merge = _MERGES[block.metric.merge] if block.metric.kind is Kind.GAUGE else add
    if block.metric.kind is Kind.INFO:
        merge = max
    merged: dict[tuple[str, ...], tuple[list[int], float]] = {}
    exemplars: dict[tuple[tuple[str, ...], int], Exemplar] = {}
    for source in sources:
        for row, labels in enumerate(source.rows(block)):
            if labels is None:
                continue
            counts, value = _row_values(source.memory, block, row)
            if labels in merged:
                others, other = merged[labels]
                counts, value = list(map(add, others, counts)), merge(other, value)
            merged[labels] = counts, value
        _gather_exemplars(source, block, since, exemplars)
    rows = {labels: row for row, labels in enumerate(merged)}
    return Family(
        block.metric,
        labels=list(merged),
        values=[value for _, value in merged.values()],
        counts=list(chain.from_iterable(counts for counts, _ in merged.values())),
        exemplars={rows[labels] * block.buckets + at: kept for (labels, at), kept in exemplars.items()},
    )


def _row_values(memory: Memory, block: Block, row: int) -> tuple[list[int], float]:
    first = block.counts + row * block.buckets
    return memory.ints[first : first + block.buckets].tolist(), memory.floats[block.values + row]


def _gather_exemplars(
    source: Source, block: Block, since: float, found: dict[tuple[tuple[str, ...], int], Exemplar]
) -> None:
    if block.exemplars is None:
        return
    rows = source.rows(block)
    for index, exemplar in source.exemplars(block.exemplars, len(rows) * block.buckets, since).items():
        row, bucket = divmod(index, block.buckets)
        labels = rows[row]
        if labels is not None:
            _keep_latest(found, (labels, bucket), exemplar)


def read_tenants(
    layout: Layout, live: LiveRows, sources: Sequence[Source], since: float = 0.0
) -> list[Family]:
    """Merge the tenant families, by position: all workers share the table's rows.

    Exemplars from before `since`, in seconds since the Unix epoch, are left out.
    """
    block = layout.tenants
    counts = reduce(_added, (source.tenant_counts(live) for source in sources))
    sums = reduce(_added, (source.tenant_sums(live) for source in sources))
    used = [tenant != 0 for tenant in live.tenants]
    labels: list[tuple[str, ...]] = [(tenant_label(tenant),) for tenant in live.tenants if tenant]
    families = []
    for family in block.families.values():
        picked = _columns(counts, block.stride, family.first, family.counts, used)
        if family.variants:
            families.append(Family(family.metric, labels, picked, variants=family.variants))
            continue
        totals = list(compress(sums[family.sums :: block.histograms], used))
        exemplars = _tenant_exemplars(family, live, sources, since)
        families.append(Family(family.metric, labels, totals, counts=picked, exemplars=exemplars))
    return families


def _added(mine: list[Number], others: list[Number]) -> list[Number]:
    return list(map(add, mine, others))


def _columns(cells: list[int], stride: int, first: int, width: int, used: list[bool]) -> list[int]:
    """Pick one family's counts out of the rows in use, row after row; loops in C only."""
    picked = [0] * (sum(used) * width)
    for column in range(width):
        picked[column::width] = compress(cells[first + column :: stride], used)
    return picked


def _tenant_exemplars(
    family: TenantFamily, live: LiveRows, sources: Sequence[Source], since: float
) -> dict[int, Exemplar]:
    if family.exemplars is None:
        return {}
    width, rows = family.counts, len(live.tenants)
    latest: dict[int, Exemplar] = {}
    for source in sources:
        found = source.exemplars(family.exemplars, rows * width, since)
        void = source.void_rows(live)
        if void:
            found = {index: kept for index, kept in found.items() if index // width not in void}
        latest = _latest(latest, found)
    if 0 not in live.tenants:
        return latest
    position = {row: at for at, row in enumerate(compress(range(rows), live.tenants))}
    return {
        position[index // width] * width + index % width: kept
        for index, kept in latest.items()
        if live.tenants[index // width]
    }


def _keep_latest(found: dict[K, Exemplar], key: K, exemplar: Exemplar) -> None:
    if key not in found or found[key][_STAMP] < exemplar[_STAMP]:
        found[key] = exemplar


def _latest(mine: dict[int, Exemplar], others: dict[int, Exemplar]) -> dict[int, Exemplar]:
    if not mine:
        return others
    for index, exemplar in others.items():
        _keep_latest(mine, index, exemplar)
    return mine
