"""The summary of a run, as a table for people and as a value for programs."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from app.load.tally import QUANTILES, OperationTally, Tally, hit_ratio, percentiles

_MS = 1_000.0


def summary(tally: Tally) -> dict[str, Any]:
    """Return the run as plain numbers; times in milliseconds."""
    return {
        "requests": tally.requests,
        "requestsPerSecond": round(tally.requests / tally.elapsed_s, 1) if tally.elapsed_s else 0.0,
        "seconds": round(tally.elapsed_s, 2),
        "unsent": tally.unsent,
        "generatorLateMs": round(tally.late_s * _MS, 2),
        "total": _figures(tally.total()),
        "operations": {name: _figures(found) for name, found in sorted(tally.operations.items())},
    }


def table(tally: Tally) -> Table:
    """Return the run as a table: one line an operation, the total last."""
    view = Table(
        title=_title(tally),
        title_justify="left",
        caption=_caption(tally),
        caption_justify="left",
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    view.add_column("operation", no_wrap=True)
    for column in ("requests", "errors", "hits", *(f"p{quantile * 100:g}" for quantile in QUANTILES), "max"):
        view.add_column(column, justify="right", no_wrap=True)
    for name, found in sorted(tally.operations.items()):
        view.add_row(name, *_cells(found))
    view.add_section()
    view.add_row("all", *_cells(tally.total()))
    return view


def _figures(found: OperationTally) -> dict[str, Any]:
    ratio = hit_ratio(found.cache)
    at = percentiles(found.latencies)
    return {
        "requests": len(found.latencies),
        "errors": dict(found.errors),
        "conflicts": found.conflicts,
        "hitRatio": None if ratio is None else round(ratio, 4),
        "cache": dict(found.cache),
        "latencyMs": {f"p{quantile * 100:g}": round(value * _MS, 3) for quantile, value in at.items()},
    }


def _cells(found: OperationTally) -> list[str]:
    ratio = hit_ratio(found.cache)
    at = percentiles(found.latencies)
    times = [_milliseconds(at[quantile]) if at else "-" for quantile in (*QUANTILES, 1.0)]
    return [
        f"{len(found.latencies):,}",
        f"{found.errors.total():,}",
        "-" if ratio is None else f"{ratio:.0%}",
        *times,
    ]


def _milliseconds(seconds: float) -> str:
    # Tenths say something only below a second, and the table must fit a terminal of 80 columns.
    return f"{seconds * _MS:.1f}" if seconds < 1 else f"{seconds * _MS:.0f}"


def _title(tally: Tally) -> str:
    rate = tally.requests / tally.elapsed_s if tally.elapsed_s else 0.0
    return f"{tally.requests:,} requests in {tally.elapsed_s:.1f} s ({rate:,.0f}/s), times in milliseconds"


def _caption(tally: Tally) -> str:
    total = tally.total()
    words = [f"the generator itself was late by {tally.late_s * _MS:.1f} ms at most"]
    if tally.unsent:
        words.append(
            f"{tally.unsent:,} requests were due and not sent: the service was too slow for the rate"
        )
    if total.conflicts:
        words.append(f"{total.conflicts:,} writes found that another user was first")
    if total.errors:
        words.append(
            "errors: " + ", ".join(f"{count:,} x {word}" for word, count in total.errors.most_common(5))
        )
    return "\n".join(words)
