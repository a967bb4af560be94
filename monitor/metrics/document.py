"""The catalogue as a table for people: `python -m monitor.metrics.document docs/telemetry.md`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from monitor.metrics.catalogue import CATALOGUE, Kind, Metric

BEGIN = "<!-- catalogue: written by `python -m monitor.metrics.document docs/telemetry.md` -->"
END = "<!-- end of catalogue -->"
_HEAD = (
    "| name | type | labels | unit | over several workers | meaning |\n| --- | --- | --- | --- | --- | --- |"
)


def catalogue_table(metrics: Sequence[Metric] = CATALOGUE) -> str:
    """Return one Markdown row for each metric, then the buckets of the histograms."""
    rows = "\n".join(map(_row, metrics))
    buckets: dict[tuple[float, ...], list[str]] = {}
    for metric in metrics:
        if metric.kind is Kind.HISTOGRAM:
            buckets.setdefault(metric.buckets, []).append(f"`{metric.name}`")
    lists = "\n".join(
        f"- {', '.join(names)}: {' '.join(f'{bound:g}' for bound in bounds)}"
        for bounds, names in buckets.items()
    )
    return f"{_HEAD}\n{rows}\n\nUpper bounds of the buckets, in seconds; +Inf follows:\n\n{lists}\n"


def with_table(document: str) -> str:
    """Return the document with the table between its two marks replaced.

    Raises:
        ValueError: A mark is missing.
    """
    before, rest = document.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return f"{before}{BEGIN}\n\n{catalogue_table()}\n{END}{after}"


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    together = metric.merge if metric.kind is Kind.GAUGE else "max" if metric.kind is Kind.INFO else "sum"
    exemplars = " With exemplars." if metric.exemplars else ""
    meaning = metric.help.replace("|", "\\|") + exemplars
    name = f"{metric.name}_info" if metric.kind is Kind.INFO else metric.name
    return f"| `{name}` | {metric.kind} | {labels} | {metric.unit} | {together} | {meaning} |"


def main(path: str) -> None:
    """Write the table into the document at `path`."""
    document = Path(path)
    document.write_text(with_table(document.read_text()))


if __name__ == "__main__":
    main(sys.argv[1])
