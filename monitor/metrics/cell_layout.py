"""Where each value of the catalogue lies in the cells.

The label budget bounds every family, so all offsets are known before the first request. Two
processes with the same catalogue, domains and tenant budget have the same layout; its digest
names it.

Two kinds of place: a `Block` for each family without a tenant (rows by label set, taken as
they are first seen), and one `TenantBlock` in which a row holds everything about one tenant,
so that eviction frees it in every family at once.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.metrics.catalogue import CACHE_RESULTS, Kind, Metric, Outcome

HEADER_CELLS = 8
IDENTITY_CELL = 0  # a random number that names the worker
FOLDED_CELL = 1  # in the base file: the identity of the worker folded last
LABEL_BYTES = 256  # average room for one label set
HEAP_SLACK = 1 << 16
TENANT_RESERVE = 2  # rows of the overflow and of requests without a tenant
TRACE_CELLS = 2  # a trace id has sixteen bytes


@dataclass(frozen=True, slots=True)
class ExemplarCells:
    """First cells of the exemplars of a family, one of each for every bucket of every row."""

    stamps: int
    observed: int
    traces: int


@dataclass(frozen=True, slots=True)
class Block:
    """First cells of a family without a tenant label.

    Attributes:
        used: The number of rows published so far.
        labels: For each row where its labels lie in the heap: offset * 65536 + length, in bytes.
        counts: Bucket counts of a histogram, not cumulative, row after row.
        values: The sum of a histogram, else the value; one double a row.
        births: When each row was published, in seconds since the Unix epoch; one double a row.
    """

    metric: Metric
    rows: int
    buckets: int
    used: int
    labels: int
    counts: int
    values: int
    births: int
    exemplars: ExemplarCells | None


@dataclass(frozen=True, slots=True)
class TenantFamily:
    """A family's place within each tenant's row.

    Attributes:
        first: Its first count within the row.
        variants: For counters the values of the labels behind `tenant`, one count each;
            empty for a histogram, whose counts are its buckets.
        sums: Which of the row's doubles is the histogram's sum; -1 for counters.
    """

    metric: Metric
    first: int
    counts: int
    variants: tuple[tuple[str, ...], ...]
    sums: int
    exemplars: ExemplarCells | None


@dataclass(frozen=True, slots=True)
class TenantBlock:
    """First cells of all tenant families together.

    Attributes:
        incarnations: For each row the incarnation of the tenant it counts for.
        counts: `stride` integers a row.
        sums: `histograms` doubles a row.
    """

    rows: int
    incarnations: int
    counts: int
    stride: int
    sums: int
    histograms: int
    families: Mapping[str, TenantFamily]


class Layout:
    """The place of every value.

    Args:
        metrics: The families.
        domains: The cache domains that tenants are counted by.
        tenants: Most tenants with series of their own.
    """

    def __init__(self, metrics: Sequence[Metric], domains: Sequence[str], tenants: int) -> None:
        self._next = HEADER_CELLS
        self.metrics: tuple[Metric, ...] = tuple(metrics)
        self.domains: tuple[str, ...] = tuple(domains)
        self.tenant_rows: int = tenants + TENANT_RESERVE
        self.blocks: dict[str, Block] = {m.name: self._block(m) for m in metrics if not m.per_tenant}
        self.tenants: TenantBlock = self._tenant_block([m for m in metrics if m.per_tenant])
        self.heap_bytes: int = sum(block.rows for block in self.blocks.values()) * LABEL_BYTES + HEAP_SLACK
        self.heap: int = self._take(self.heap_bytes // 8)
        self.cells = self._next
        named = repr((self.metrics, self.domains, self.tenant_rows))
        self.digest: str = hashlib.sha256(named.encode()).hexdigest()[:16]

    @property
    def series_per_tenant(self) -> int:
        """The series that each tenant has, from its first request on."""
        families = self.tenants.families.values()
        return sum(len(family.variants) or _lines(family.metric) for family in families)

    @property
    def series_budget(self) -> int:
        """The most series that a scrape of this layout can have."""
        plain = sum(block.rows * _lines(block.metric) for block in self.blocks.values())
        return plain + self.series_per_tenant * self.tenant_rows

    def _take(self, cells: int) -> int:
        first = self._next
        self._next += cells
        return first

    def _exemplars(self, metric: Metric, rows: int, buckets: int) -> ExemplarCells | None:
        if not metric.exemplars:
            return None
        cells = rows * buckets
        return ExemplarCells(self._take(cells), self._take(cells), self._take(cells * TRACE_CELLS))

    def _block(self, metric: Metric) -> Block:
        rows = metric.rows if metric.labels else 1
        buckets = len(metric.buckets) + 1 if metric.kind is Kind.HISTOGRAM else 0
        return Block(
            metric,
            rows,
            buckets,
            used=self._take(1),
            labels=self._take(rows),
            counts=self._take(rows * buckets),
            values=self._take(rows),
            births=self._take(rows),
            exemplars=self._exemplars(metric, rows, buckets),
        )

    def _tenant_block(self, metrics: Sequence[Metric]) -> TenantBlock:
        families, rows = {}, self.tenant_rows
        stride = histograms = 0
        for metric in metrics:
            histogram = metric.kind is Kind.HISTOGRAM
            variants = () if histogram else tuple(_variants(metric.labels[1:], self.domains))
            counts = len(metric.buckets) + 1 if histogram else len(variants)
            families[metric.name] = TenantFamily(
                metric,
                stride,
                counts,
                variants,
                histograms if histogram else -1,
                self._exemplars(metric, rows, counts),
            )
            stride += counts
            histograms += histogram
        return TenantBlock(
            rows,
            incarnations=self._take(rows),
            counts=self._take(rows * stride),
            stride=stride,
            sums=self._take(rows * histograms),
            histograms=histograms,
            families=families,
        )


def _variants(labels: Sequence[str], domains: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every combination of the labels behind `tenant`: all of them are known beforehand."""
    values = {"domain": tuple(domains), "result": CACHE_RESULTS, "outcome": tuple(map(str, Outcome))}
    return itertools.product(*(values[label] for label in labels))


def _lines(metric: Metric) -> int:
    """Lines of one label set: buckets with +Inf, count and sum for a histogram."""
    return len(metric.buckets) + 3 if metric.kind is Kind.HISTOGRAM else 1
