"""What `taskmed top` draws: what is broken first, within any terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from app.commands.top_screen import Screen, spark


def latency(**more: Any) -> dict[str, Any]:
    return {"avgResponseTime": 12.5, "p50": 10.0, "p95": 20.0, "p99": 45.0, "errorRate": "0%", **more}


def drawn(*issues: dict[str, Any], status: str = "ok", width: int = 140) -> str:
    """Draw the figures of 39 clinics, the last ones with the most requests."""
    metrics = {
        "api": latency(totalCalls=100),
        "cache": {"hitRate": "91%", "total": 90, "domains": []},
        "tenants": [latency(clinicId=n, requests=n * 10, hitRate="91%") for n in range(1, 40)],
        "routes": [latency(method="GET", route="/api/contacts", requests=90)],
        "issues": list(issues),
        "window": {"seconds": 300.0, "requests": 90, "minimumSamples": 20},
    }
    screen = Screen("x")
    screen.take(metrics, {"status": status, "checks": []}, 0.0)
    out = Console(file=io.StringIO(), width=width, height=40, color_system=None)
    out.print(screen.draw(width, 40))
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def errors(**of: Any) -> dict[str, Any]:
    return {"objective": "error_ratio", "value": 1.0, "bound": 0.05, **of}


def test_issues_stand_on_the_screen() -> None:
    """Five of them, then how many more, none wider than the terminal."""
    text = drawn(*(errors(clinicId=n) for n in range(1, 9)), width=60)

    assert "! clinic 5: errors 100 % (at most 5 %)" in text
    assert "clinic 6:" not in text
    assert "and 3 more" in text
    assert all(len(line) <= 60 for line in text.splitlines())


def test_a_broken_clinic_comes_before_busier_ones() -> None:
    """The quietest clinic leads the table when it is the one that suffers."""
    rows = [line.split()[0] for line in drawn(errors(clinicId=1)).splitlines() if line[:1].isdigit()]

    assert ["1", "39", "38"] == rows[:3]


@pytest.mark.parametrize(
    ("issues", "status", "said"),
    [
        ((), "ok", " ok "),
        ((errors(clinicId=3),), "ok", " ok "),
        ((errors(),), "ok", " objective broken "),
        ((errors(),), "unavailable", " unavailable "),
    ],
)
def test_no_all_clear_while_the_service_breaks_an_objective(
    issues: tuple[dict[str, Any], ...], status: str, said: str
) -> None:
    """It may be healthy and yet not keep its promises; what is worse is said instead."""
    assert drawn(*issues, status=status).startswith(said)


def test_a_line_of_bars() -> None:
    """The highest is full, nothing is the lowest."""
    assert spark([0, 1, 2, 4]) == "▁▃▅█"
    assert spark([0, 0]) == "▁▁"
    assert spark([]) == ""
