"""The six faults: each has its alert, and what it causes it takes back."""

from __future__ import annotations

from typing import Any

import pytest

from app.definitions import DEPLOYMENT
from app.drill.scenarios import FAULTS, Scenario, Scene
from monitor.definitions.alert_rules import all_alerts

EVERY = pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))


class Recorder:
    """A switch, readers and a server in one, that keep what was done to them."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.cold = False

    async def set(self, **content: Any) -> None:
        self.done.append(f"set {content}")

    async def clear(self) -> None:
        self.done.append("clear")

    async def stop(self) -> None:
        self.done.append("stop")

    async def start(self) -> None:
        self.done.append("start")


@EVERY
def test_the_alert_exists_and_goes_to_that_receiver(fault: Scenario) -> None:
    """A fault whose alert was renamed, or became a ticket, is noticed here and not in a drill."""
    (rule,) = [alert for alert in all_alerts(DEPLOYMENT) if alert.name == fault.alert]
    assert fault.path == f"/{rule.severity}"


@pytest.mark.parametrize(
    ("name", "done"),
    [
        ("latency", ["set {'delayMs': 300}", "clear"]),
        ("errors", ["set {'errorShare': 0.125}", "clear"]),
        ("storm", ["set {'errorShare': 1.0}", "clear"]),
        ("service-down", ["stop", "start"]),
        ("redis-down", ["stop", "start"]),
        ("hit-ratio", []),
    ],
)
async def test_what_is_caused_is_taken_back(name: str, done: list[str]) -> None:
    """The end of a fault undoes its cause, and may be called whatever came before."""
    fault, world = FAULTS[name], Recorder()
    scene = Scene(world, world, world, world)
    await fault.cause(scene)
    assert world.cold is (name == "hit-ratio")
    await fault.end(scene)
    assert (world.done, world.cold) == (done, False)


@EVERY
async def test_what_is_not_there_is_not_broken(fault: Scenario) -> None:
    """On a stack that others run there is no server to kill and there may be no readers."""
    switch = Recorder()
    await fault.cause(Scene(switch))
    await fault.end(Scene(switch))
    assert len(switch.done) == (0 if fault.own_stack or fault.name == "hit-ratio" else 2)
