"""Where a drill is played, and what is refused before anything is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.definitions import DEPLOYMENT
from app.drill.fault_switch import DrillRefused
from app.drill.process import Server
from app.drill.round import Drill
from app.drill.scenarios import FAULTS
from app.drill.stage import ChildServer, RunningStack, operator, running_stage
from app.variables import Key
from monitor.clock import SystemClock
from tests.app.drill.answers import answering
from tests.app.service import KEY

CLOCK = SystemClock()


def _stack(url: str, keys: Sequence[Key] = (KEY,)) -> RunningStack:
    return RunningStack((url,), url, url, operator((KEY,), CLOCK), keys)


def _answers(*alerts: str) -> dict[str, Any]:
    """Answer as a service, its Prometheus and its Alertmanager do."""
    return {
        "/api/stress/fault": {"active": False, "worker": 1},
        "/api/contacts": {},
        "/api/v2/alerts": lambda _: [],
        "/api/v1/rules": {"data": {"groups": [{"rules": [{"name": name} for name in alerts]}]}},
    }


async def _enter(stack: RunningStack, fault: str) -> None:
    async with running_stage(stack, DEPLOYMENT, CLOCK)(FAULTS[fault]) as drill:
        assert isinstance(drill, Drill)


async def test_a_running_stack_is_looked_at_first() -> None:
    """Service, Prometheus with the alert, and Alertmanager answer: the drill may begin."""
    async with answering(_answers("ServiceLatencyHigh")) as url:
        await _enter(_stack(url), "latency")


@pytest.mark.parametrize(
    ("fault", "keys", "reason"),
    [
        ("service-down", (KEY,), "kills a server"),
        ("redis-down", (KEY,), "kills a server"),
        ("storm", (), "set TASKMED_TOKEN_KEYS"),
        ("hit-ratio", (), "set TASKMED_TOKEN_KEYS"),
        ("errors", (KEY,), "has no alert ServiceErrorsHigh: load alerts/rules"),
    ],
)
async def test_what_cannot_be_played_is_refused(fault: str, keys: Sequence[Key], reason: str) -> None:
    """Each with what would be needed."""
    async with answering(_answers("ServiceLatencyHigh")) as url:
        with pytest.raises(DrillRefused, match=reason):
            await _enter(_stack(url, keys), fault)


@pytest.mark.parametrize("gone", ["prometheus", "alertmanager"])
async def test_a_stack_that_is_not_whole_is_refused(gone: str) -> None:
    """A drill that nobody could see the page of is not begun."""
    async with answering(_answers("ServiceLatencyHigh")) as url:
        nowhere: dict[str, Any] = {gone: "http://127.0.0.1:1"}
        stack = replace(_stack(url), **nowhere)
        with pytest.raises(DrillRefused, match=f"no {gone.capitalize()} answers"):
            await _enter(stack, "latency")


class Slow(Server):
    """A process that is ready at once."""

    def command(self) -> Sequence[str]:
        return ("sleep", "60")

    def ready(self) -> bool:
        return True

    def listening(self) -> bool:
        return True


async def test_a_server_of_ones_own_is_broken_and_mended() -> None:
    """Killed and started again, without stopping the loop that watches."""
    server = Slow()
    child = ChildServer(server)
    states = []
    try:
        for act in (child.start, child.stop, child.start):
            await act()
            states.append(server.running)
    finally:
        server.close()
    assert states == [True, False, True]
