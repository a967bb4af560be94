"""The families without a tenant, merged over the workers by label set."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain
from operator import add
from typing import Final, TypeVar

from monitor.metrics.catalogue import Kind, Merge
from monitor.metrics.cell_layout import Block
from monitor.metrics.family import Exemplar, Family
from monitor.metrics.memory import Memory
from monitor.metrics.source import Source

_STAMP: Final = 2
_COUNTING: Final = (Kind.COUNTER, Kind.HISTOGRAM)
_MERGES: dict[Merge, Callable[[float, float], float]] = {Merge.SUM: add, Merge.MAX: max, Merge.MIN: min}

K = TypeVar("K", bound=Hashable)
Merged = dict[tuple[str, ...], tuple[list[int], float]]
Exemplars = dict[tuple[tuple[str, ...], int], Exemplar]


def read_plain(
    block: Block, sources: Sequence[Source], since: float = 0.0, born_by: float = math.inf
) -> Family:
    """Merge a family without tenants; gauges as the catalogue says, the rest by addition.

    Args:
        block: The family's place.
        sources: The workers' cells.
        since: Exemplars that are older are left out, in seconds since the Unix epoch.
        born_by: What counts and was born later is shown as nothing yet, in the same seconds.
    """
    merged = _merged(block, sources)
    exemplars: Exemplars = {}
    for source in sources:
        _gather_exemplars(source, block, since, exemplars)
    if block.metric.kind in _COUNTING and born_by < math.inf:
        for labels, birth in births_of(block, sources).items():
            if birth > born_by:
                _hold(block, labels, merged, exemplars)
    rows = {labels: row for row, labels in enumerate(merged)}
    return Family(
        block.metric,
        labels=list(merged),
        values=[value for _, value in merged.values()],
        counts=list(chain.from_iterable(counts for counts, _ in merged.values())),
        exemplars={rows[labels] * block.buckets + at: kept for (labels, at), kept in exemplars.items()},
    )


def _merged(block: Block, sources: Sequence[Source]) -> Merged:
    merge = _MERGES[block.metric.merge] if block.metric.kind is Kind.GAUGE else add
    if block.metric.kind is Kind.INFO:
        merge = max
    merged: Merged = {}
    for source in sources:
        for row, labels in enumerate(source.rows(block)):
            if labels is None:
                continue
            counts, value = _row_values(source.memory, block, row)
            if labels in merged:
                others, other = merged[labels]
                counts, value = list(map(add, others, counts)), merge(other, value)
            merged[labels] = counts, value
    return merged


def _hold(block: Block, labels: tuple[str, ...], merged: Merged, exemplars: Exemplars) -> None:
    """Show a label set as nothing yet."""
    merged[labels] = [0] * block.buckets, 0.0
    for at in range(block.buckets):
        exemplars.pop((labels, at), None)


def births_of(block: Block, sources: Iterable[Source]) -> dict[tuple[str, ...], float]:
    """Return when each label set was first published by any worker, in seconds since the Unix epoch."""
    births: dict[tuple[str, ...], float] = {}
    for source in sources:
        for row, labels in enumerate(source.rows(block)):
            if labels is not None:
                birth = source.memory.floats[block.births + row]
                births[labels] = min(birth, births.get(labels, math.inf))
    return births


def _row_values(memory: Memory, block: Block, row: int) -> tuple[list[int], float]:
    first = block.counts + row * block.buckets
    return memory.ints[first : first + block.buckets].tolist(), memory.floats[block.values + row]


def _gather_exemplars(source: Source, block: Block, since: float, found: Exemplars) -> None:
    if block.exemplars is None:
        return
    rows = source.rows(block)
    for index, exemplar in source.exemplars(block.exemplars, 0, len(rows) * block.buckets, since).items():
        row, bucket = divmod(index, block.buckets)
        labels = rows[row]
        if labels is not None:
            keep_latest(found, (labels, bucket), exemplar)


def keep_latest(found: dict[K, Exemplar], key: K, exemplar: Exemplar) -> None:
    """Put the exemplar at the key, unless a later one is there."""
    if key not in found or found[key][_STAMP] < exemplar[_STAMP]:
        found[key] = exemplar
