"""The one sentence about the whole."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.console.alarms import Alarm, State
from monitor.console.overview import verdict
from monitor.console.snapshot import Snapshot
from monitor.health import Check, Finding
from monitor.metrics.performance import Issue
from monitor.objectives import Objectives

OBJECTIVES = Objectives()
HITS, ERRORS = OBJECTIVES.hit_ratio, OBJECTIVES.error_ratio


def snapshot(
    issues: tuple[Issue, ...] = (), alarms: tuple[Alarm, ...] = (), problem: str | None = None
) -> Snapshot:
    async def probe() -> None: ...

    finding = Finding(Check("cache", probe), 0.001, problem)
    nothing: Any = None
    return Snapshot(0.0, 0.0, 300.0, nothing, issues, [], alarms, nothing, {"cache": finding}, None, 0.001)


def firing(state: State) -> Alarm:
    return Alarm(ERRORS, state, 0.2, 0.0, at_least=False)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (snapshot(), "All is well."),
        (snapshot(problem="timeout"), "The cache is out."),
        (snapshot(alarms=(firing(State.FIRING),)), "Error ratio is broken and pages."),
        (snapshot(alarms=(firing(State.WHOLE),)), "All is well."),
        (snapshot((Issue(HITS, 0.5),)), "Cache hit ratio is 50 %, under 70 %."),
        (snapshot((Issue(ERRORS, 0.2),), (firing(State.PENDING),)), "Error ratio is broken and pages soon."),
        (
            snapshot((Issue(ERRORS, 0.2, tenant="3"),)),
            "All is well on the whole; 1 clinics or routes break an objective.",
        ),
    ],
)
def test_the_verdict(given: Snapshot, said: str) -> None:
    """What is out comes first, then the alarms, then what is broken; never both well and broken."""
    assert f"</span> {said}</span>" in verdict(given)
