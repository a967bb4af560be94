"""`taskmed drill` from order to report."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.drill.chain import SHORT
from app.drill.command import Order, play, run_drill
from app.drill.fault_switch import DrillRefused
from app.drill.limits import DrillLimits
from app.drill.round import Drill, Round, Tell
from app.drill.scenarios import Scenario, Scene
from monitor.testing.fakes import ManualClock
from tests.app.drill.test_round import Nothing, Stack


class Quick(Drill):
    """A drill whose rounds are over at once.

    Args:
        missed: What each round misses.
    """

    def __init__(self, missed: str) -> None:
        stack = Stack(ManualClock())
        super().__init__(Scene(Nothing()), stack, stack, stack.clock)
        self._missed = missed

    async def play(self, fault: Scenario, limits: DrillLimits, tell: Tell) -> Round:  # noqa: ARG002 - as the base has it
        tell("waiting")
        await asyncio.sleep(0)
        return Round(fault.name, 1.0, 2.0, 3.0, missed=self._missed)


class Places:
    """A stage that counts how many stand on it.

    Args:
        missed: What each round misses.
        refuses: The fault that it does not let in.
    """

    def __init__(self, missed: str = "", refuses: str = "") -> None:
        self._missed, self._refuses = missed, refuses
        self.now = self.most = 0

    @asynccontextmanager
    async def __call__(self, fault: Scenario) -> AsyncIterator[Drill]:
        if fault.name == self._refuses:
            raise DrillRefused("not here")
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            yield Quick(self._missed)
        finally:
            self.now -= 1


@pytest.mark.parametrize("at_once", [1, 2])
async def test_no_more_rounds_at_once_than_ordered(at_once: int) -> None:
    """Every fault so often as ordered, in order."""
    stage, said = Places(), list[str]()
    order = Order(("latency", "errors"), 3, SHORT, at_once)
    rounds = await play(order, stage, lambda name, what: said.append(f"{name}: {what}"))
    assert [one.fault for one in rounds] == ["latency", "errors"] * 3
    assert (stage.now, stage.most) == (0, at_once)
    assert "errors: done: fired 1.0 s, paged 2.0 s, over 3.0 s" in said


async def test_a_refusal_is_itself() -> None:
    """Not wrapped in a group; and no other round goes on."""
    stage = Places(refuses="errors")
    with pytest.raises(DrillRefused, match="not here"):
        await play(Order(("latency", "errors"), 1, SHORT, 2), stage, lambda *_: None)
    assert stage.now == 0


def test_the_report_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON alone on the standard output; what happens meanwhile on the other, a line each."""
    assert run_drill(Order(("latency",), 1, SHORT, note="a note"), Places(), as_json=True) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert report["note"] == "a note"
    assert report["faults"]["latency"]["pageS"] == {"median": 2.0, "max": 2.0}
    assert said.err.splitlines()[:2] == ["drill: latency: setting the stage", "drill: latency: waiting"]


def test_a_missed_page_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    """And the table says what was missed."""
    assert run_drill(Order(("latency",), 1, SHORT), Places(missed="no page")) == 1
    assert "latency: no page" in capsys.readouterr().out
