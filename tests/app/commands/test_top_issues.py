"""Who suffers stands first, and with what; the service before clinics before routes."""

from __future__ import annotations

from typing import Any

from app.commands.top_issues import issue_lines


def issue(objective: str, value: float, bound: float, **of: Any) -> dict[str, Any]:
    return {"objective": objective, "value": value, "bound": bound, **of}


def test_one_line_for_each_that_suffers() -> None:
    """All that is broken for a clinic stands on its line, the furthest off first, in its own unit."""
    assert [
        "the service: errors 5.66 % (at most 5 %)",
        "clinic 3: average 1,109 ms (at most 100 ms), errors 41.3 % (at most 5 %), hits 52 % (at least 70 %)",
        "clinic 7: average 106 ms (at most 100 ms)",
        "GET /api/contacts: errors 99 % (at most 5 %)",
    ] == issue_lines(
        [
            issue("error_ratio", 0.0566, 0.05),
            issue("error_ratio", 0.99, 0.05, method="GET", route="/api/contacts"),
            issue("latency_mean", 106.0, 100.0, clinicId=7),
            issue("hit_ratio", 0.52, 0.7, clinicId=3),
            issue("latency_mean", 1109.0, 100.0, clinicId=3),
            issue("error_ratio", 0.413, 0.05, clinicId=3),
        ]
    )


def test_no_hit_at_all_is_furthest_off() -> None:
    """A hit ratio of 0 has no quotient, and is worse than any other."""
    lines = issue_lines([issue("hit_ratio", 0.1, 0.7, clinicId=1), issue("hit_ratio", 0.0, 0.7, clinicId=2)])

    assert lines[0].startswith("clinic 2")


def test_nothing_is_broken() -> None:
    """A service that keeps its promises has no line."""
    assert [] == issue_lines([])
