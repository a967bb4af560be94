"""The columns as a prometheus-client collector, beside any other instrument of a registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import accumulate

from prometheus_client import Metric as ExposedMetric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as ExposedExemplar
from prometheus_client.utils import floatToGoString

from monitor.metrics.catalogue import Kind, Metric
from monitor.metrics.family import Exemplar, Families, Family


class ColumnsCollector(Collector):
    """Tells a registry what the columns hold.

    Args:
        metrics: The families there can be.
        read: What all workers have counted.
    """

    def __init__(self, metrics: Sequence[Metric], read: Callable[[], Families]) -> None:
        self._metrics = metrics
        self._read = read
        self._written: ContextVar[bool] = ContextVar("monitor_columns_written", default=False)

    def describe(self) -> Iterable[ExposedMetric]:
        """Name the families, so that registering finds clashes without collecting."""
        return [_exposed(metric) for metric in self._metrics]

    def collect(self) -> Iterable[ExposedMetric]:
        """Return every family with all samples."""
        return [] if self._written.get() else [_collected(family) for family in self._read().values()]

    @contextmanager
    def written(self) -> Iterator[None]:
        """Leave the columns out of what this context collects: the exposition wrote them itself."""
        token = self._written.set(True)
        try:
            yield
        finally:
            self._written.reset(token)


def _exposed(metric: Metric) -> ExposedMetric:
    name = metric.name.removesuffix("_total") if metric.kind is Kind.COUNTER else metric.name
    unit = metric.unit if name.endswith(f"_{metric.unit}") else ""
    return ExposedMetric(name, metric.help, str(metric.kind), unit)


def _collected(family: Family) -> ExposedMetric:
    exposed = _exposed(family.metric)
    if family.buckets:
        for row, labels in enumerate(family.labels):
            _add_histogram(exposed, family, row, dict(zip(family.metric.labels, labels, strict=True)))
        return exposed
    name = f"{family.metric.name}_info" if family.metric.kind is Kind.INFO else family.metric.name
    values = iter(family.values)
    for labels in family.labels:
        for variant in family.variants:
            named = dict(zip(family.metric.labels, labels + variant, strict=True))
            exposed.add_sample(name, named, next(values))
    return exposed


def _add_histogram(exposed: ExposedMetric, family: Family, row: int, labels: dict[str, str]) -> None:
    name, first = family.metric.name, row * family.buckets
    bounds = [*family.metric.buckets, float("inf")]
    running = list(accumulate(family.counts[first : first + family.buckets]))
    for at, (bound, count) in enumerate(zip(bounds, running, strict=True)):
        exemplar = _exemplar(family.exemplars.get(first + at))
        exposed.add_sample(f"{name}_bucket", {**labels, "le": _go(bound)}, count, exemplar=exemplar)
    exposed.add_sample(f"{name}_count", labels, running[-1])
    exposed.add_sample(f"{name}_sum", labels, family.values[row])


def _exemplar(kept: Exemplar | None) -> ExposedExemplar | None:
    if kept is None:
        return None
    trace, value, stamp = kept
    return ExposedExemplar({"trace_id": trace}, value, stamp)


def _go(value: float) -> str:
    text: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return text
