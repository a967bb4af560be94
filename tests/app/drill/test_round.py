"""One round: what is timed, what is missed, and that the fault never stays."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from app.drill.fault_switch import LEASE_S
from app.drill.limits import DrillLimits
from app.drill.receiver import Notification
from app.drill.round import Drill, Round
from app.drill.scenarios import Scenario, Scene
from monitor.testing.fakes import ManualClock
from tests.conditions import until

NEVER = 1e9
LIMITS = DrillLimits(well_s=20.0, fire_s=200.0, page_s=20.0, resolve_s=60.0, after_s=2.0, poll_s=0.5)


class Stack:
    """A stack whose alert, page and resolution come so many seconds after cause and end."""

    def __init__(
        self, clock: ManualClock, *, fires: float = 5.0, pages: float = 7.0, resolves: float = 9.0
    ) -> None:
        self.clock = clock
        self.fires_s, self.pages_s, self.resolves_s = fires, pages, resolves
        self.caused: list[float] = []
        self.ended: list[float] = []
        self.calm = True
        self.values: dict[str, float] = {}
        self.extra: list[Notification] = []

    async def cause(self, _: Scene) -> None:
        self.caused.append(self.clock.monotonic())

    async def end(self, _: Scene) -> None:
        self.ended.append(self.clock.monotonic())

    def _since(self, times: list[float]) -> float:
        return self.clock.monotonic() - times[0] if times else -1.0

    async def fires(self, alert: str) -> bool:
        return alert == "TooSlow" and self._since(self.caused) >= self.fires_s

    async def is_calm(self) -> bool:
        return self.calm

    async def value(self, expr: str) -> float | None:
        return self.values.get(expr)

    async def heard(self) -> Sequence[Notification]:
        told = [_message("TooSlow", "firing")] if self._since(self.caused) >= self.pages_s else []
        over = [_message("TooSlow", "resolved")] if self._since(self.ended) >= self.resolves_s else []
        return [*told, *(self.extra if self.caused else ()), *over]

    def fault(self, **more: Any) -> Scenario:
        return Scenario("slow", "it is slow", "TooSlow", self.cause, self.end, **more)


class Nothing:
    """A switch that nobody uses."""

    async def set(self, **content: Any) -> None:
        raise AssertionError(content)

    async def clear(self) -> None:
        raise AssertionError


def _message(alert: str, status: str, path: str = "/page") -> Notification:
    return Notification(
        path, {"status": status, "alerts": [{"labels": {"alertname": alert}, "status": status}]}
    )


@pytest.fixture
def clock() -> ManualClock:
    """Give the time."""
    return ManualClock()


async def _through(clock: ManualClock, story: Coroutine[Any, Any, Round]) -> Round:
    playing = asyncio.create_task(story)
    while not playing.done():
        await asyncio.sleep(0)
        clock.advance(0.25)
    return playing.result()


def _play(stack: Stack, fault: Scenario, said: list[str] | None = None) -> Coroutine[Any, Any, Round]:
    drill = Drill(Scene(Nothing()), stack, stack, stack.clock)
    return drill.play(fault, LIMITS, (said if said is not None else []).append)


async def test_each_part_is_timed(clock: ManualClock) -> None:
    """Alert and page count from the cause, the end from when the fault was taken back."""
    stack, said = Stack(clock), list[str]()
    done = await _through(clock, _play(stack, stack.fault(), said))
    assert done.fire_s == pytest.approx(5.0, abs=1.5)
    assert done.page_s == pytest.approx(7.0, abs=1.5)
    assert done.resolve_s == pytest.approx(9.0, abs=1.5)
    assert (done.missed, list(done.false_pages)) == ("", [])
    assert len(stack.ended) == 1
    assert said[0] == "waiting until all is well"


@pytest.mark.parametrize(
    ("times", "missed"),
    [
        ({"fires": NEVER}, "TooSlow did not fire within 200 s"),
        ({"pages": NEVER}, "no message to /page that TooSlow is firing within 20 s"),
        ({"resolves": NEVER}, "no message to /page that TooSlow is resolved within 60 s"),
    ],
)
async def test_what_does_not_come_is_missed(clock: ManualClock, times: dict[str, float], missed: str) -> None:
    """The round says what did not come, and the fault is taken back all the same."""
    stack = Stack(clock, **times)
    done = await _through(clock, _play(stack, stack.fault()))
    assert done.missed == missed
    assert stack.ended


async def test_nothing_is_broken_where_something_is_broken_already(clock: ManualClock) -> None:
    """A stack that does not calm down is left alone."""
    stack = Stack(clock)
    stack.calm = False
    done = await _through(clock, _play(stack, stack.fault()))
    assert done.missed == "the service was not well within 20 s"
    assert stack.caused == []


async def test_a_fault_waits_for_its_audience(clock: ManualClock) -> None:
    """It is caused only once the queries before it reach their least values."""
    stack = Stack(clock)
    stack.values = {"clinics": 199.0}
    done = await _through(clock, _play(stack, stack.fault(before={"clinics": 200})))
    assert done.missed.startswith("the service was not well")
    stack.values = {"clinics": 200.0}
    assert not (await _through(clock, _play(stack, stack.fault(before={"clinics": 200})))).missed


async def test_a_fault_that_must_spread_is_held_until_it_has(clock: ManualClock) -> None:
    """The page alone does not end it."""
    stack = Stack(clock)
    done = await _through(clock, _play(stack, stack.fault(wait_for={"failing": 200})))
    assert done.missed == "the fault did not spread within 200 s"
    assert done.page_s is not None


async def test_a_lasting_fault_is_renewed(clock: ManualClock) -> None:
    """A fault of the service ends by itself; while the drill waits it is set again in time."""
    stack = Stack(clock, fires=150.0, pages=151.0)
    await _through(clock, _play(stack, stack.fault()))
    gaps = [
        later - earlier
        for earlier, later in zip(stack.caused, [*stack.caused[1:], stack.ended[0]], strict=True)
    ]
    assert len(stack.caused) >= 3
    assert max(gaps) < LEASE_S


async def test_a_drill_that_is_broken_off_takes_its_fault_back(clock: ManualClock) -> None:
    """As Ctrl-C does it: cancelled while the fault is in force."""
    stack = Stack(clock, fires=NEVER)
    playing = asyncio.create_task(_play(stack, stack.fault()))
    await until(lambda: bool(stack.caused))
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert len(stack.ended) == 1


async def test_who_else_was_woken_is_told(clock: ManualClock) -> None:
    """A second page of the same alert and a page of another are both in vain; a ticket is not."""
    stack = Stack(clock)
    stack.extra = [
        _message("TooSlow", "firing"),
        _message("Other", "firing"),
        _message("Ticket", "firing", "/ticket"),
    ]
    done = await _through(clock, _play(stack, stack.fault()))
    assert sorted(done.false_pages) == ["/page Other", "/page TooSlow"]
