"""One fault, from a service that is well, over the page, to the message that it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from app.drill.fault_switch import LEASE_S
from app.drill.limits import DrillLimits
from app.drill.pages import FIRING, RESOLVED, MessageSource, false_pages, tells
from app.drill.receiver import Notification
from app.drill.scenarios import Scenario, Scene
from monitor.clock import Clock
from monitor.errors import MonitorError

_RENEW_S = LEASE_S / 3

Tell = Callable[[str], None]


class Watch(Protocol):
    """What a round asks of Prometheus."""

    async def fires(self, alert: str) -> bool:
        """Say whether the alert fires."""
        ...

    async def is_calm(self) -> bool:
        """Say whether no page fires or is about to."""
        ...

    async def value(self, expr: str) -> float | None:
        """Return the value of a query."""
        ...


@dataclass(slots=True)
class Round:
    """What became of one fault.

    Attributes:
        fault: Its name.
        fire_s: From its cause to the alert; None: it never fired.
        page_s: From its cause to the message; None: it never came.
        resolve_s: From its end to the message that it is over; None: it never came.
        missed: What did not happen in time; empty: all did.
        false_pages: What woke somebody besides.
    """

    fault: str
    fire_s: float | None = None
    page_s: float | None = None
    resolve_s: float | None = None
    missed: str = ""
    false_pages: Sequence[str] = field(default_factory=list)


class Late(MonitorError):
    """Something did not happen in time; says what."""


class Drill:
    """Plays faults on one stack, one after the other.

    Args:
        scene: What faults act on.
        watch: Prometheus.
        pages: Where messages are heard.
        clock: Time.
    """

    def __init__(self, scene: Scene, watch: Watch, pages: MessageSource, clock: Clock) -> None:
        self._scene = scene
        self._watch = watch
        self._pages = pages
        self._clock = clock

    async def play(self, fault: Scenario, limits: DrillLimits, tell: Tell) -> Round:
        """Cause a fault, wait for its page, take it back, wait for its end.

        Whatever happens meanwhile, the fault is taken back.
        """
        result = Round(fault.name)
        begun = len(await self._pages.heard())
        try:
            tell("waiting until all is well")
            await self._until(lambda: self._is_well(fault), limits, limits.well_s, "the service was not well")
            await self._fail(fault, limits, result, begun, tell)
            await self._recover(fault, limits, result, begun, tell)
        except Late as late:
            result.missed = str(late)
        result.false_pages = false_pages((await self._pages.heard())[begun:], fault.path, fault.alert)
        return result

    async def _fail(
        self, fault: Scenario, limits: DrillLimits, result: Round, begun: int, tell: Tell
    ) -> None:
        async with self._lasting(fault):
            since = self._clock.monotonic()
            tell(f"waiting for {fault.alert}")
            await self._until(
                lambda: self._watch.fires(fault.alert), limits, limits.fire_s, f"{fault.alert} did not fire"
            )
            result.fire_s = self._clock.monotonic() - since
            tell("waiting for the page")
            await self._told(fault, limits, limits.page_s, begun, FIRING)
            result.page_s = self._clock.monotonic() - since
            await self._until(
                lambda: self._all_reach(fault.wait_for), limits, limits.fire_s, "the fault did not spread"
            )

    async def _recover(
        self, fault: Scenario, limits: DrillLimits, result: Round, begun: int, tell: Tell
    ) -> None:
        since = self._clock.monotonic()
        tell("waiting until it is over")
        await self._told(fault, limits, limits.resolve_s, begun, RESOLVED)
        result.resolve_s = self._clock.monotonic() - since
        tell("listening for what should not come")
        await self._clock.sleep(limits.after_s)

    async def _told(
        self, fault: Scenario, limits: DrillLimits, seconds: float, begun: int, status: str
    ) -> None:
        async def heard() -> bool:
            deliveries: Sequence[Notification] = (await self._pages.heard())[begun:]
            return any(tells(delivery, fault.path, fault.alert, status) for delivery in deliveries)

        await self._until(
            heard, limits, seconds, f"no message to {fault.path} that {fault.alert} is {status}"
        )

    async def _is_well(self, fault: Scenario) -> bool:
        return await self._watch.is_calm() and await self._all_reach(fault.before)

    async def _all_reach(self, least: Mapping[str, float]) -> bool:
        values = {expr: await self._watch.value(expr) for expr in least}
        return all(value is not None and value >= least[expr] for expr, value in values.items())

    async def _until(
        self, holds: Callable[[], Awaitable[bool]], limits: DrillLimits, seconds: float, failure: str
    ) -> None:
        end = self._clock.monotonic() + seconds
        while not await holds():
            if self._clock.monotonic() >= end:
                raise Late(f"{failure} within {seconds:.0f} s")
            await self._clock.sleep(limits.poll_s)

    @asynccontextmanager
    async def _lasting(self, fault: Scenario) -> AsyncIterator[None]:
        """Keep a fault in force, and take it back even when the drill is broken off."""
        renewing: asyncio.Task[None] | None = None
        try:
            await fault.cause(self._scene)
            renewing = asyncio.create_task(self._renew(fault))
            yield
        finally:
            if renewing is not None:
                renewing.cancel()
                await asyncio.wait([renewing])
            await fault.end(self._scene)

    async def _renew(self, fault: Scenario) -> None:
        while True:
            await self._clock.sleep(_RENEW_S)
            await fault.cause(self._scene)
