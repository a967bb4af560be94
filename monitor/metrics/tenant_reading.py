"""The tenant families, merged over the workers by row: all workers share the table's rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import compress
from operator import add
from typing import Any, TypeVar, cast

from monitor.metrics.cell_layout import Layout, TenantFamily
from monitor.metrics.family import Exemplar, Family
from monitor.metrics.plain_reading import keep_latest
from monitor.metrics.source import Source
from monitor.metrics.tenant_table import LiveRows, tenant_label

Number = TypeVar("Number", int, float)
_ADD: Callable[[Any, Any], Any] = add  # the overloads of typeshed match no constrained variable


def read_tenants(
    layout: Layout, live: LiveRows, sources: Sequence[Source], since: float, born_by: float = math.inf
) -> list[Family]:
    """Return every tenant family of the rows in use.

    Args:
        layout: The place of every value.
        live: The rows.
        sources: The workers' cells.
        since: Exemplars that are older are left out, in seconds since the Unix epoch.
        born_by: Tenants that came later are shown with nothing counted yet, in the same seconds.
    """
    block = layout.tenants
    counts = reduce(_added, (source.tenant_counts(live) for source in sources))
    sums = reduce(_added, (source.tenant_sums(live) for source in sources))
    young = _hold_young(layout, live, counts, sums, born_by)
    used = [tenant != 0 for tenant in live.tenants]
    names = [tenant_label(tenant) for tenant in live.tenants if tenant]
    labels: list[tuple[str, ...]] = [(name,) for name in names]
    texts = [f'tenant="{name}"' for name in names]
    families = []
    for family in block.families.values():
        if not family.counts:  # counted by cache domain, and the service has none
            continue
        picked = _columns(counts, block.stride, family, used)
        if family.variants:
            values = cast("list[float]", picked)
            families.append(Family(family.metric, labels, values, variants=family.variants, texts=texts))
            continue
        totals = list(compress(sums[family.sums :: block.histograms], used))
        exemplars = _exemplars(family, live, sources, since, young)
        families.append(Family(family.metric, labels, totals, picked, exemplars=exemplars, texts=texts))
    return families


def _hold_young(
    layout: Layout, live: LiveRows, counts: list[int], sums: list[float], born_by: float
) -> set[int]:
    """Empty the rows of tenants that came after `born_by`, and return which they are."""
    stride, width = layout.tenants.stride, layout.tenants.histograms
    young = {row for row, birth in enumerate(live.births) if birth > born_by}
    for row in young:
        counts[row * stride : (row + 1) * stride] = [0] * stride
        sums[row * width : (row + 1) * width] = [0.0] * width
    return young


def _added(mine: list[Number], others: list[Number]) -> list[Number]:
    return list(map(_ADD, mine, others))


def _columns(cells: list[int], stride: int, family: TenantFamily, used: list[bool]) -> list[int]:
    """Pick one family's counts out of the rows in use, row after row; loops in C only."""
    width = family.counts
    picked = [0] * (sum(used) * width)
    for column in range(width):
        picked[column::width] = compress(cells[family.first + column :: stride], used)
    return picked


def _exemplars(
    family: TenantFamily, live: LiveRows, sources: Sequence[Source], since: float, young: set[int]
) -> dict[int, Exemplar]:
    if family.exemplars is None:
        return {}
    width, rows = family.counts, len(live.tenants)
    latest: dict[int, Exemplar] = {}
    for source in sources:
        found = source.exemplars(family.exemplars, live.first * width, rows * width, since)
        if found:
            void = young.union(source.void_rows(live))
            for index, exemplar in found.items():
                if index // width not in void:
                    keep_latest(latest, index, exemplar)
    return _without_gaps(latest, live, width) if 0 in live.tenants else latest


def _without_gaps(found: dict[int, Exemplar], live: LiveRows, width: int) -> dict[int, Exemplar]:
    """Number the exemplars by the rows in use, as the picked counts are."""
    position = {row: at for at, row in enumerate(compress(range(len(live.tenants)), live.tenants))}
    return {
        position[index // width] * width + index % width: kept
        for index, kept in found.items()
        if live.tenants[index // width]
    }
