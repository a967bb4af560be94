"""A scrape as prometheus-client's parsers read it."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.openmetrics.exposition import generate_latest as write_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from prometheus_client.registry import Collector

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parse_text(body: str) -> list[Metric]:
    """Read text 0.0.4."""
    return list(read_text(body))


def parse_openmetrics(body: str) -> list[Metric]:
    """Read OpenMetrics, as strictly as its parser does."""
    return list(read_openmetrics(body))  # type: ignore[no-untyped-call]


def generate_openmetrics(registry: Collector) -> str:
    """Write OpenMetrics as prometheus-client does."""
    body: bytes = write_openmetrics(registry)  # type: ignore[no-untyped-call]
    return body.decode()


def samples(families: Iterable[Metric]) -> Samples:
    """Every series with its value."""
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}
