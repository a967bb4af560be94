"""The faults that a drill causes, and the alert that must tell of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from monitor.definitions import recorded

_CLINICS = (2, 3, 7)
_STORM = tuple(range(2, 202))
_RATE = 30.0
_STORM_RATE = 60.0
_LEAST = 0.1  # requests a second of a clinic from which on it may page


class Readers(Protocol):
    """The drill's own traffic."""

    cold: bool


class Switch(Protocol):
    """What sets a fault in the service."""

    async def set(self, **content: Any) -> None:
        """Put a fault in force."""
        ...

    async def clear(self) -> None:
        """Take it back."""
        ...


class Breakable(Protocol):
    """A server of the drill's own."""

    async def stop(self) -> None:
        """End it as `kill -9` does."""
        ...

    async def start(self) -> None:
        """Start it again where it was."""
        ...


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault acts on.

    Attributes:
        switch: The stress endpoints.
        readers: The drill's own traffic; None where there are no keys to make it with.
        service: The service as a process; None where the drill did not start it.
        redis: Redis likewise.
    """

    switch: Switch
    readers: Readers | None = None
    service: Breakable | None = None
    redis: Breakable | None = None


Act = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One fault.

    Attributes:
        name: Its word on the command line.
        what: What happens, in a line.
        alert: The alert that must tell of it.
        cause: Causes it; called again while it lasts, for what ends by itself.
        end: Takes it back; must work whatever state the cause was left in.
        path: The receiver that must hear of it.
        clinics: Who asks meanwhile.
        rate: How often, in requests a second.
        own_traffic: Whether it needs the drill's own traffic.
        own_stack: Whether it needs servers that the drill started.
        wait_for: Queries with the least value that each must reach before the fault is taken back.
        before: The same, before it is caused.
    """

    name: str
    what: str
    alert: str
    cause: Act
    end: Act
    path: str = "/page"
    clinics: tuple[int, ...] = _CLINICS
    rate: float = _RATE
    own_traffic: bool = False
    own_stack: bool = False
    wait_for: Mapping[str, float] = field(default_factory=dict)
    before: Mapping[str, float] = field(default_factory=dict)


def _stress(**content: Any) -> Act:
    async def set_fault(scene: Scene) -> None:
        await scene.switch.set(**content)

    return set_fault


async def _clear(scene: Scene) -> None:
    await scene.switch.clear()


def _reading(*, cold: bool) -> Act:
    async def turn(scene: Scene) -> None:
        if scene.readers is not None:
            scene.readers.cold = cold

    return turn


async def _stop_service(scene: Scene) -> None:
    if scene.service is not None:
        await scene.service.stop()


async def _start_service(scene: Scene) -> None:
    if scene.service is not None:
        await scene.service.start()


async def _stop_redis(scene: Scene) -> None:
    if scene.redis is not None:
        await scene.redis.stop()


async def _start_redis(scene: Scene) -> None:
    if scene.redis is not None:
        await scene.redis.start()


FAULTS: Mapping[str, Scenario] = {
    fault.name: fault
    for fault in (
        Scenario(
            "latency", "every answer takes 300 ms longer", "ServiceLatencyHigh", _stress(delayMs=300), _clear
        ),
        Scenario(
            "errors", "one answer in eight fails", "ServiceErrorsHigh", _stress(errorShare=0.125), _clear
        ),
        Scenario(
            "hit-ratio",
            "every read is of another page: a ticket, for users are served",
            "ServiceHitRatioLow",
            _reading(cold=True),
            _reading(cold=False),
            path="/ticket",
            own_traffic=True,
        ),
        Scenario(
            "service-down",
            "the service is killed",
            "ServiceDown",
            _stop_service,
            _start_service,
            own_stack=True,
        ),
        Scenario(
            "redis-down",
            "Redis is killed: a ticket, for users are served",
            "CacheStoreDown",
            _stop_redis,
            _start_redis,
            path="/ticket",
            own_stack=True,
        ),
        Scenario(
            "storm",
            "all of 200 clinics fail at once",
            "ServiceFailing",
            _stress(errorShare=1.0),
            _clear,
            clinics=_STORM,
            rate=_STORM_RATE,
            own_traffic=True,
            before={f"count({recorded.TENANT_REQUESTS} >= {_LEAST})": len(_STORM)},
            wait_for={'count(ALERTS{alertname="TenantFailing", alertstate="firing"})': len(_STORM)},
        ),
    )
}
