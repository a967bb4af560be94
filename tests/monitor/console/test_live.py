"""One look for all who watch, and none while nobody does."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from monitor.console.live import Live
from monitor.console.snapshot import Snapshot
from monitor.testing.fakes import ManualClock
from tests.conditions import until


class Looks:
    """Counts looks; each takes as long as it is told to have taken."""

    def __init__(self) -> None:
        self.count = 0
        self.taken = 0.001
        self.fails = False

    async def look(self) -> Snapshot:
        self.count += 1
        if self.fails:
            raise RuntimeError
        nothing: Any = None
        return Snapshot(0.0, float(self.count), 0.0, nothing, [], [], [], nothing, {}, None, self.taken)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def live(looks: Looks, clock: ManualClock) -> Live:
    return Live(looks.look, None, clock)


class Viewer:
    """Watches until it is stopped."""

    def __init__(self, live: Live) -> None:
        self.seen: list[float] = []
        self._live = live
        self._task = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        async with aclosing(self._live.watch()) as snapshots:
            async for snapshot in snapshots:
                self.seen.append(snapshot.monotonic)

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_nothing_runs_while_nobody_watches(live: Live, looks: Looks, clock: ManualClock) -> None:
    """Before the first viewer and after the last one no look is taken and no task waits."""
    assert looks.count == 0
    viewer = Viewer(live)
    await until(lambda: clock.sleepers == 1)
    await viewer.leave()
    await until(lambda: clock.sleepers == 0 or live.viewers == 0)
    clock.advance(60)
    await asyncio.sleep(0)
    assert looks.count == 1
    assert live.viewers == 0


async def test_viewers_share_one_look(live: Live, looks: Looks, clock: ManualClock) -> None:
    """Ten viewers cost what one does, and all see the same."""
    viewers = [Viewer(live) for _ in range(10)]
    await until(lambda: all(viewer.seen for viewer in viewers) and clock.sleepers == 1)
    for number in (2, 3):
        clock.advance(2)
        await until(lambda number=number: all(number in viewer.seen for viewer in viewers))  # type: ignore[misc]
        await until(lambda: clock.sleepers == 1)
    assert looks.count == 3
    assert all(viewer.seen == [1, 2, 3] for viewer in viewers)
    for viewer in viewers:
        await viewer.leave()


async def test_a_costly_look_comes_less_often(live: Live, looks: Looks, clock: ManualClock) -> None:
    """What takes 25 ms of a core is taken every 5 s, so that no P99 of requests falls into it."""
    looks.taken = 0.025
    viewer = Viewer(live)
    await until(lambda: clock.sleepers == 1)
    clock.advance(4.9)
    await asyncio.sleep(0)
    assert looks.count == 1
    clock.advance(0.1)
    await until(lambda: viewer.seen == [1, 2])
    await viewer.leave()
    clock.advance(4.9)
    assert (await live.latest()).monotonic == 2


async def test_a_look_that_fails_is_tried_again(live: Live, looks: Looks, clock: ManualClock) -> None:
    """Viewers wait for the next one and are not thrown out."""
    viewer = Viewer(live)
    await until(lambda: clock.sleepers == 1)
    looks.fails = True
    clock.advance(2)
    await until(lambda: looks.count == 2 and clock.sleepers == 1)
    looks.fails = False
    clock.advance(2)
    await until(lambda: viewer.seen == [1, 3])
    await viewer.leave()


async def test_a_page_takes_the_latest_look(live: Live, looks: Looks, clock: ManualClock) -> None:
    """Pages within a period share a look; after it, or after a change, there is a new one."""
    first, second = await asyncio.gather(live.latest(), live.latest())
    assert first is second
    clock.advance(1.9)
    assert await live.latest() is first
    live.expire()
    assert (await live.latest()).monotonic == 2
    clock.advance(2)
    assert (await live.latest()).monotonic == 3


async def test_a_page_survives_the_failure_of_anothers_look(live: Live, looks: Looks) -> None:
    """A failed look is not handed to those who come after."""
    looks.fails = True
    with pytest.raises(RuntimeError):
        await live.latest()
    looks.fails = False
    assert (await live.latest()).monotonic == 2


async def test_a_view_is_drawn_once_for_all(live: Live) -> None:
    """The same view of the same snapshot is not drawn again; an old snapshot is not mixed in."""
    drawn: list[float] = []

    def render(snapshot: Snapshot) -> bytes:
        drawn.append(snapshot.monotonic)
        return b"%d" % snapshot.monotonic

    old = await live.latest()
    both = await asyncio.gather(live.rendered("v", render, old), live.rendered("v", render, old))
    assert list(both) == [b"1", b"1"]
    assert drawn == [1]
    live.expire()
    fresh = await live.latest()
    assert await live.rendered("v", render, fresh) == b"2"
    assert await live.rendered("v", render, old) == b"1"
    assert await live.rendered("v", render, fresh) == b"2"
    assert drawn == [1, 2, 1]
