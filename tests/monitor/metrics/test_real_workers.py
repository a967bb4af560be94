"""Real worker processes under load: what is scraped is what was sent, whoever dies."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

from tests.conditions import until
from tests.monitor.metrics.real_worker import PATIENCE_S, Load, Totals, Worker, scrape


async def test_totals_equal_the_requests_sent_through_a_kill(tmp_path: Path) -> None:
    """Three workers under load, one ended by kill -9, one begun anew: no count lost, none doubled.

    Whichever worker is scraped, no total ever goes back.
    """
    with ExitStack() as stack:
        one, two, three = (stack.enter_context(Worker(tmp_path)) for _ in range(3))
        loads = [Load(one), Load(two), Load(three)]
        seen: list[Totals] = []

        async def progress(worker: Worker, answers: int) -> None:
            async def enough() -> bool:
                seen.append(await scrape(worker))
                return seen[-1].by_route >= answers

            await until(enough, PATIENCE_S)

        for worker in (one, two, three):
            await progress(worker, 150)
        await loads[2].stop()
        # A request is counted just after its last byte: once the loop answers again, all are.
        assert three.ready()
        three.kill()
        for worker in (one, two):
            await progress(worker, sum(load.answered for load in loads) + 50)
        four = stack.enter_context(Worker(tmp_path))
        loads.append(Load(four))
        await progress(four, sum(load.answered for load in loads) + 50)
        # The others may have made all the progress so far: each load shall have met a failure.
        await until(lambda: all(load.failed > 0 for load in loads), PATIENCE_S)
        for load in loads:
            await load.stop()

        for worker in (one, two, four):

            async def exact(worker: Worker = worker) -> bool:
                seen.append(await scrape(worker))
                return seen[-1].of(loads)

            await until(exact, PATIENCE_S)
        counts = [(totals.by_route, totals.by_tenant, totals.failed) for totals in seen]
        assert [] == [
            (earlier, later)
            for earlier, later in pairwise(counts)
            if any(before > after for before, after in zip(earlier, later, strict=True))
        ]


async def test_a_killed_worker_under_fire_loses_no_answered_request(tmp_path: Path) -> None:
    """Killed in the middle of its work, a worker takes at most the request under way with it."""
    with ExitStack() as stack:
        one, two = (stack.enter_context(Worker(tmp_path)) for _ in range(2))
        load = Load(two)
        await until(lambda: load.answered >= 100, PATIENCE_S)
        two.kill()
        answered = await load.broken()
        totals = await scrape(one)
        assert answered - 1 <= totals.by_route <= answered + 1
