"""One metric family with its values: what readers produce and renderers, windows and collectors take."""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence
from dataclasses import dataclass, field

from monitor.metrics.catalogue import Kind, Metric

# Trace id in hex, value in the metric's unit, seconds since the Unix epoch. A plain tuple: there may be
# tens of thousands, and zip makes these in C.
Exemplar = tuple[str, float, float]


@dataclass(slots=True)
class Family:
    """One metric family with its values, row after row.

    Attributes:
        labels: Label values of each row; for tenant counters only the tenant.
        variants: What follows the row's labels for each of its values; one empty for others.
        counts: Bucket counts of a histogram, not cumulative.
        values: The sums of a histogram, else the values.
        exemplars: By index into `counts`.
        texts: The rows' labels as a scrape writes them, where a reader has them at hand.
    """

    metric: Metric
    labels: list[tuple[str, ...]]
    values: MutableSequence[float]
    counts: MutableSequence[int] = field(default_factory=list)
    variants: tuple[tuple[str, ...], ...] = ((),)
    exemplars: dict[int, Exemplar] = field(default_factory=dict)
    texts: list[str] | None = None

    @property
    def buckets(self) -> int:
        """Counts in a row: the bounds and +Inf; 0 for what is no histogram."""
        return len(self.metric.buckets) + 1 if self.metric.kind is Kind.HISTOGRAM else 0


Families = Mapping[str, Family]
