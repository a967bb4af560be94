"""What all workers have counted together, at one moment: the base of every scrape and window."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from monitor.metrics.catalogue import Metric
from monitor.metrics.cell_layout import Layout
from monitor.metrics.family import Families, Family
from monitor.metrics.plain_reading import read_plain
from monitor.metrics.source import Source
from monitor.metrics.tenant_reading import read_tenants
from monitor.metrics.tenant_table import LiveRows
from monitor.metrics.yielding_thread import give_way

# Rows that are read and written as text in one go: each call into C stays well below a millisecond, so
# that the serving loop gets the interpreter back in time.
ROWS_A_SLICE = 100


class View:
    """The cells of all workers, held still against folding while it is read.

    Args:
        sources: The workers' cells.
        live: The tenants' rows in use.
        facts: Gauges that no worker keeps: they are about all of them.
        since: Exemplars that are older are left out, in seconds since the Unix epoch.
        born_by: Series of counts that were born later are shown as nothing yet, in the same seconds.
    """

    def __init__(
        self,
        layout: Layout,
        sources: Sequence[Source],
        live: LiveRows,
        facts: Mapping[Metric, float],
        since: float,
        born_by: float = math.inf,
    ) -> None:
        self._layout = layout
        self._sources = sources
        self._live = live
        self._facts = facts
        self._since = since
        self._born_by = born_by

    def plain(self) -> Iterator[Family]:
        """Give each family without a tenant."""
        for block in self._layout.blocks.values():
            if block.metric in self._facts:
                yield Family(block.metric, [()], [self._facts[block.metric]])
            else:
                yield read_plain(block, self._sources, self._since, self._born_by)

    def tenants(self) -> Iterator[list[Family]]:
        """Give the tenant families slice by slice, a few rows of every family at a time."""
        for live in self._live.slices(ROWS_A_SLICE):
            if live.first:
                give_way()
            yield read_tenants(self._layout, live, self._sources, self._since, self._born_by)

    def reading(self) -> Families:
        """Return everything, each family in one piece."""
        families = {family.metric.name: family for family in self.plain()}
        for part in self.tenants():
            for family in part:
                whole = families.get(family.metric.name)
                if whole is None:
                    families[family.metric.name] = _whole(family)
                else:
                    _append(whole, family)
        # Families by cache domain are not in any slice where the service has no domains.
        return {metric.name: Family(metric, [], []) for metric in self._layout.metrics} | families


def _whole(part: Family) -> Family:
    """Begin a family of many slices: its own arrays, which take a quarter of a list's memory."""
    counts, values = array("q", part.counts), array("d", part.values)
    return replace(part, labels=list(part.labels), counts=counts, values=values, texts=None)


def _append(whole: Family, part: Family) -> None:
    first = len(whole.counts)
    whole.labels.extend(part.labels)
    whole.counts.extend(part.counts)
    whole.values.extend(part.values)
    whole.exemplars.update({first + index: kept for index, kept in part.exemplars.items()})
