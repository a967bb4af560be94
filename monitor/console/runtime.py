"""How the service itself is: its workers, its loop, its pool, its telemetry."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from monitor.console import words
from monitor.console.page_frame import tiles
from monitor.console.snapshot import Snapshot
from monitor.metrics import catalogue
from monitor.metrics.catalogue import Metric

_P99: Final = 0.99
# What is lost is worth a look whatever its number.
_LOSSES: Final[tuple[tuple[str, Metric, str], ...]] = (
    ("Spans lost", catalogue.SPANS_DROPPED, "not exported"),
    ("Log lines lost", catalogue.LOG_DROPPED, "no room in the queue"),
)


def runtime(snapshot: Snapshot) -> Markup:
    """Return the part of the first page that is about the processes."""
    figures = snapshot.figures
    used = figures.by_label(catalogue.DB_CONNECTIONS).get("used", 0.0)
    losses = [
        (name, words.count(lost := figures.total(metric)), note, lost > 0) for name, metric, note in _LOSSES
    ]
    return tiles(
        ("Memory", words.size(figures.one(catalogue.PROCESS_RESIDENT)), "of all workers", False),
        (
            "Loop lag, P99",
            words.seconds(figures.quantile(catalogue.LOOP_LAG, _P99)),
            "since the start",
            False,
        ),
        (
            "Database pool",
            words.count(used),
            f"of {words.count(figures.one(catalogue.DB_CONNECTIONS_MAX))} connections in use",
            False,
        ),
        ("Slow queries", words.count(figures.total(catalogue.DB_SLOW)), "since the start", False),
        *losses,
    )
