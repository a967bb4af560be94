"""What breaks an objective, in words for a terminal: the service, then clinics, then routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Json = Mapping[str, Any]

_WORDS: Final = {"latency_mean": "average", "error_ratio": "errors", "hit_ratio": "hits"}
_LEAST: Final = {"hit_ratio"}  # a value below the bound breaks it
_MS: Final = {"latency_mean"}


def issue_lines(issues: Iterable[Json]) -> list[str]:
    """Return a line for each that suffers, those furthest off their bound first within their kind.

    Args:
        issues: The broken objectives as `/api/metrics` tells them.
    """
    suffering: dict[tuple[int, str], list[Json]] = {}
    for issue in issues:
        suffering.setdefault(_whom(issue), []).append(issue)
    worst = {whom: max(map(_excess, found)) for whom, found in suffering.items()}
    ordered = sorted(suffering, key=lambda whom: (whom[0], -worst[whom]))
    return [
        f"{whom[1]}: {', '.join(map(_said, sorted(suffering[whom], key=_excess, reverse=True)))}"
        for whom in ordered
    ]


def of_the_whole(issue: Json) -> bool:
    """Say whether an objective of the whole service is broken."""
    return issue.get("clinicId") is None and "route" not in issue


def _whom(issue: Json) -> tuple[int, str]:
    if "route" in issue:
        return 2, f"{issue['method']} {issue['route']}"
    return (0, "the service") if of_the_whole(issue) else (1, f"clinic {issue['clinicId']}")


def _said(issue: Json) -> str:
    name = issue["objective"]
    promised = "at least" if name in _LEAST else "at most"
    value, bound = (_amount(name, issue[key]) for key in ("value", "bound"))
    return f"{_WORDS.get(name, name)} {value} ({promised} {bound})"


def _amount(name: str, value: float) -> str:
    return f"{value:,.0f} ms" if name in _MS else f"{100 * value:.3g} %"


def _excess(issue: Json) -> float:
    value, bound = float(issue["value"]), float(issue["bound"])
    over, under = (bound, value) if issue["objective"] in _LEAST else (value, bound)
    return over / under if under else float("inf")
