"""What a drill found, as a table for people and as a value for programs."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from app.drill.round import Round
from app.drill.scenarios import FAULTS

_PARTS = (("fire", "fire_s"), ("page", "page_s"), ("resolve", "resolve_s"))


def summary(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return the figures of each fault; times in seconds."""
    names = dict.fromkeys(one.fault for one in rounds)
    return {name: _figures([one for one in rounds if one.fault == name]) for name in names}


def table(rounds: Sequence[Round], note: str = "") -> Table:
    """Return one line a fault: the median of each time and, behind a stroke, the longest."""
    view = Table(
        title="Fault to page and back, in seconds: median / longest",
        title_justify="left",
        caption="\n".join([*_complaints(rounds), *([note] if note else [])]),
        caption_justify="left",
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    view.add_column("fault", no_wrap=True)
    for column in ("rounds", "missed", "false", *(name for name, _ in _PARTS)):
        view.add_column(column, justify="right", no_wrap=True)
    for name, found in summary(rounds).items():
        times = [_pair(found[f"{part}S"]) for part, _ in _PARTS]
        counts = (str(found[key]) for key in ("rounds", "missed", "falsePages"))
        view.add_row(name, *counts, *times)
    return view


def exit_code(rounds: Sequence[Round]) -> int:
    """Return 1 if a page was missed, else 0."""
    return 1 if any(one.missed for one in rounds) else 0


def _figures(rounds: Sequence[Round]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "alert": FAULTS[rounds[0].fault].alert,
        "rounds": len(rounds),
        "missed": sum(bool(one.missed) for one in rounds),
        "falsePages": sum(len(one.false_pages) for one in rounds),
    }
    for part, attribute in _PARTS:
        times = [seconds for one in rounds if (seconds := getattr(one, attribute)) is not None]
        figures[f"{part}S"] = (
            {"median": round(median(times), 2), "max": round(max(times), 2)} if times else None
        )
    return figures | {"problems": _complaints(rounds)}


def _complaints(rounds: Sequence[Round]) -> list[str]:
    missed = [f"{one.fault}: {one.missed}" for one in rounds if one.missed]
    return missed + [f"{one.fault}: also {page}" for one in rounds for page in one.false_pages]


def _pair(times: dict[str, float] | None) -> str:
    return f"{times['median']:.1f} / {times['max']:.1f}" if times else "-"
