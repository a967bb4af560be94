"""Single numbers out of a reading: gauges, counters, histograms of the kit's own state."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.metrics.catalogue import Metric
from monitor.metrics.family import Families
from monitor.metrics.windows import counter_rows, histogram_rows, percentile, summed


class Figures:
    """What the families without a tenant hold, by label.

    Args:
        reading: The families as they stand.
    """

    def __init__(self, reading: Families) -> None:
        self._reading = reading

    def rows(self, metric: Metric) -> list[tuple[tuple[str, ...], float]]:
        """Return the labels and value of each series of a counter or gauge."""
        family = self._reading.get(metric.name)
        return [] if family is None else list(counter_rows(family))

    def total(self, metric: Metric) -> float:
        """Return the sum of a counter's or gauge's series."""
        return sum(value for _, value in self.rows(metric))

    def one(self, metric: Metric) -> float | None:
        """Return the value of a family that has a single series; None where nothing set it."""
        return next((value for _, value in self.rows(metric)), None)

    def states(self, metric: Metric) -> list[str]:
        """Return the states that a gauge by state is in: with several workers there may be several."""
        return [labels[-1] for labels, value in self.rows(metric) if value > 0]

    def by_label(self, metric: Metric) -> dict[str, float]:
        """Return values by the last label, added up over the others."""
        found: dict[str, float] = {}
        for labels, value in self.rows(metric):
            found[labels[-1]] = found.get(labels[-1], 0.0) + value
        return found

    def quantile(self, metric: Metric, share: float) -> float | None:
        """Return a percentile of all that a histogram ever counted."""
        family = self._reading.get(metric.name)
        if family is None:
            return None
        counts: Sequence[int] = summed((row for _, row, _ in histogram_rows(family)), family.buckets)
        found = percentile(metric.buckets, counts, share)
        return None if found is None else found.value
