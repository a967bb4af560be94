"""`taskmed drill`: faults in order, each to its page and back, and the report."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.drill.limits import limits_of
from app.drill.report import exit_code, summary, table
from app.drill.round import Round
from app.drill.scenarios import FAULTS, Scenario
from app.drill.stage import Stage
from monitor.definitions.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Order:
    """What to play.

    Attributes:
        faults: Their names, in order.
        rounds: How often each.
        deployment: What the stack's definitions were written for.
        at_once: Rounds at the same time, each on servers of its own.
        note: What the reader of the report must know.
    """

    faults: Sequence[str]
    rounds: int
    deployment: Deployment
    at_once: int = 1
    note: str = field(default="")

    @property
    def rounds_in_order(self) -> list[Scenario]:
        return [FAULTS[name] for _ in range(self.rounds) for name in self.faults]


Says = Callable[[str, str], None]


def run_drill(order: Order, stage: Stage, *, as_json: bool = False) -> int:
    """Play the faults, print the report, and return 1 if a page was missed."""
    rounds = asyncio.run(_shown(order, stage))
    if as_json:
        print(json.dumps({"note": order.note, "faults": summary(rounds)}, indent=2))  # noqa: T201 - the result
    else:
        Console().print(table(rounds, order.note))
    return exit_code(rounds)


async def play(order: Order, stage: Stage, says: Says) -> list[Round]:
    """Play every round and return what became of each, in order.

    Args:
        order: What to play.
        stage: Where to play it.
        says: Told the name of a fault and what it waits for, and of each round's end.

    Raises:
        MonitorError: The stage refused, or a server of it failed; every fault has been taken back.
    """
    places = asyncio.Semaphore(order.at_once)

    async def one(fault: Scenario) -> Round:
        async with places:
            says(fault.name, "setting the stage")
            limits = limits_of(fault, order.deployment)
            async with stage(fault) as drill:
                result = await drill.play(fault, limits, lambda what: says(fault.name, what))
            says(fault.name, _end(result))
            return result

    try:
        async with asyncio.TaskGroup() as group:
            playing = [group.create_task(one(fault)) for fault in order.rounds_in_order]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in playing]


def _end(result: Round) -> str:
    if result.missed:
        return f"MISSED: {result.missed}"
    return f"done: fired {result.fire_s:.1f} s, paged {result.page_s:.1f} s, over {result.resolve_s:.1f} s"


async def _shown(order: Order, stage: Stage) -> list[Round]:
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        return await play(order, stage, lambda name, what: console.print(f"drill: {name}: {what}"))
    columns = (TextColumn("drill:"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=len(order.rounds_in_order))
        return await play(order, stage, _advance(bar, task))


def _advance(bar: Progress, task: TaskID) -> Says:
    def says(name: str, what: str) -> None:
        ended = what.startswith(("done", "MISSED"))
        bar.update(task, advance=1 if ended else 0, description=f"{name}: {what}")

    return says
