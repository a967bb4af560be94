"""The one sentence about the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from monitor.console.alarms import Alarm, State
from monitor.console.onsets import Onset
from monitor.console.overview import verdict
from monitor.console.snapshot import Snapshot
from monitor.metrics.service_levels import Issue
from monitor.objectives import Objectives
from monitor.operations.health import Check, Finding

OBJECTIVES = Objectives()
HITS, ERRORS = OBJECTIVES.hit_ratio, OBJECTIVES.error_ratio
HOUR = 3_600.0
BROKEN = Issue(ERRORS, 0.2)


def snapshot(
    issues: tuple[Issue, ...] = (),
    alarms: tuple[Alarm, ...] = (),
    problem: str | None = None,
    onsets: Mapping[Issue, Onset] | None = None,
) -> Snapshot:
    async def probe() -> None: ...

    finding = Finding(Check("cache", probe), 0.001, problem)
    nothing: Any = None
    checks = {"cache": finding}
    return Snapshot(
        HOUR, HOUR, 300.0, nothing, issues, [], alarms, nothing, checks, None, 0.001, onsets or {}
    )


def firing(state: State, *, at_least: bool = False) -> Alarm:
    return Alarm(ERRORS, state, 0.2, 600.0, at_least=at_least)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (snapshot(), "All is well."),
        (snapshot(problem="timeout"), "The cache is out."),
        (
            snapshot(alarms=(firing(State.FIRING),)),
            "Error ratio is broken since 00:10 UTC and pages.",
        ),
        (
            snapshot((BROKEN,), (firing(State.FIRING),), onsets={BROKEN: Onset(300.0, at_least=False)}),
            "Error ratio is broken since 00:05 UTC and pages.",
        ),
        (
            snapshot(alarms=(firing(State.FIRING, at_least=True),)),
            "Error ratio is broken since 00:10 UTC or earlier and pages.",
        ),
        (
            snapshot((BROKEN,), (firing(State.FIRING),), onsets={BROKEN: Onset(0.0, at_least=True)}),
            "Error ratio is broken for an hour or longer and pages.",
        ),
        (
            snapshot(alarms=(firing(State.EASING),)),
            "Error ratio is whole again since 00:10 UTC, its page ends soon.",
        ),
        (snapshot(alarms=(firing(State.WHOLE),)), "All is well."),
        (snapshot((Issue(HITS, 0.5),)), "Cache hit ratio is 50 %, under 70 %."),
        (
            snapshot((BROKEN,), (firing(State.PENDING),)),
            "Error ratio is broken since 00:10 UTC and pages soon.",
        ),
        (
            snapshot((Issue(ERRORS, 0.2, tenant="3"),)),
            "All is well on the whole, but not for tenant 3.",
        ),
    ],
)
def test_the_verdict(given: Snapshot, said: str) -> None:
    """What is out comes first, then the alarms, then what is broken; never both well and broken."""
    assert f"</span> {said}</span>" in verdict(given)
