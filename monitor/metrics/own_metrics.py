"""A service's own metrics beside the kit's: what they may be, and how those by tenant are counted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitor.errors import ConfigurationError
from monitor.metrics.budget import TenantBudget
from monitor.metrics.catalogue import CATALOGUE, Kind, Metric
from monitor.metrics.columns import Columns

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_TENANT = "tenant"
# Labels whose values are known beforehand; any other would have no bound beside the tenant's.
_BESIDE_TENANT = frozenset({"domain", "result", "outcome"})


class TenantSeries:
    """A metric by tenant: newcomers over the budget are counted together, as in the kit's own.

    Args:
        columns: Where the counts are.
        budget: Which tenants have series of their own.
        metric: A metric whose first label is `tenant`.
    """

    def __init__(self, columns: Columns, budget: TenantBudget, metric: Metric) -> None:
        family = columns.layout.tenants.families[metric.name]
        self._budget = budget
        self._name = metric.name
        self._places = {variant: family.first + at for at, variant in enumerate(family.variants)}

    def inc(self, tenant: int | None, *labels: str) -> None:
        """Count one event of a tenant; None: of nobody that is known.

        Args:
            tenant: Whose.
            labels: Values of the labels behind `tenant`, in order.
        """
        self._budget.row(tenant).count(self._places[labels])

    def observe(self, tenant: int | None, seconds: float, trace_id: str | None = None) -> None:
        """Add an observation to a tenant's histogram, with the hex id of its trace if it is sampled."""
        self._budget.row(tenant).durations[self._name].observe(seconds, trace_id)


def with_own(own: Sequence[Metric]) -> tuple[Metric, ...]:
    """Return the kit's metrics and a service's own.

    Raises:
        ConfigurationError: A name is taken or badly spelt, or a label has no bound.
    """
    taken = {metric.name for metric in CATALOGUE}
    for metric in own:
        problem = _problem(metric, taken)
        if problem:
            raise ConfigurationError(f"metric {metric.name}", problem)
        taken.add(metric.name)
    return (*CATALOGUE, *own)


def _problem(metric: Metric, taken: set[str]) -> str | None:
    if metric.name in taken:
        return "is there already: give it another name"
    if not _NAME.match(metric.name):
        return "must be lower-case letters, digits and underscores"
    if (metric.kind is Kind.COUNTER) != metric.name.endswith("_total"):
        return "must end in _total if it is a counter, and only then"
    if (metric.kind is Kind.HISTOGRAM) != bool(metric.buckets):
        return "must have buckets if it is a histogram, and only then"
    return _label_problem(metric)


def _label_problem(metric: Metric) -> str | None:
    if not metric.per_tenant:
        return "must have `tenant` as its first label, or not at all" if _TENANT in metric.labels else None
    if metric.kind not in (Kind.COUNTER, Kind.HISTOGRAM):
        return "must be a counter or a histogram, since it is counted by tenant"
    if metric.kind is Kind.HISTOGRAM and metric.labels[1:]:
        return "must have no label beside `tenant`, since it is a histogram"
    unbounded = set(metric.labels[1:]) - _BESIDE_TENANT
    return (
        f"may have {', '.join(sorted(_BESIDE_TENANT))} beside `tenant`, nothing else" if unbounded else None
    )
