"""Where a drill is played: on servers of its own, or on a stack that runs already."""

from __future__ import annotations

import asyncio
import base64
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from app.auth import Role, TokenIssuer
from app.drill.chain import Chain
from app.drill.fault_switch import DrillRefused, FaultSwitch
from app.drill.pages import AlertmanagerPages, ReceivedPages
from app.drill.process import Server
from app.drill.prometheus import Prometheus
from app.drill.round import Drill
from app.drill.scenarios import Scenario, Scene
from app.drill.traffic import Traffic
from app.variables import Key
from monitor.clock import Clock
from monitor.definitions.deployment import Deployment

Stage = Callable[[Scenario], AbstractAsyncContextManager[Drill]]


class ChildServer:
    """A server of the drill's own, to break.

    Args:
        server: The process.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.kill)

    async def start(self) -> None:
        await asyncio.to_thread(self._server.start)


def own_stage(program: Callable[[str], Path], deployment: Deployment, clock: Clock) -> Stage:
    """Return a stage that starts a chain for each round: no round sees the windows of another.

    Args:
        program: Finds a program by its name.
        deployment: What the definitions are written for.
        clock: Time.
    """

    @asynccontextmanager
    async def stage(fault: Scenario) -> AsyncIterator[Drill]:
        key = Key("drill", secrets.token_bytes(32))
        with tempfile.TemporaryDirectory(prefix="taskmed-drill-") as folder:
            chain = Chain(Path(folder), program, _text(key), deployment=deployment)
            async with chain:
                url = chain.service.url
                switch = FaultSwitch(chain.session, (url,), operator((key,), clock))
                async with _reading(chain.session, (url,), (key,), fault, clock) as readers:
                    scene = Scene(switch, readers, ChildServer(chain.service), ChildServer(chain.redis))
                    yield Drill(scene, chain.watch, ReceivedPages(chain.receiver), clock)

    return stage


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack that somebody else started.

    Attributes:
        services: Address of each replica.
        prometheus: Address of Prometheus.
        alertmanager: Address of Alertmanager.
        token: Gives an operator's token.
        keys: Keys to mint staff's tokens with, for the drill's own traffic; empty: it makes none.
    """

    services: Sequence[str]
    prometheus: str
    alertmanager: str
    token: Callable[[], str]
    keys: Sequence[Key] = ()


def running_stage(stack: RunningStack, deployment: Deployment, clock: Clock) -> Stage:
    """Return a stage on a running stack; it refuses before anything is broken.

    Raises (on entering):
        DrillRefused: Faults are off, the token is no operator's, somebody does not answer,
            or the alert is not among Prometheus' rules.
    """

    @asynccontextmanager
    async def stage(fault: Scenario) -> AsyncIterator[Drill]:
        _refuse_impossible(fault, stack)
        async with aiohttp.ClientSession() as session:
            switch = FaultSwitch(session, stack.services, stack.token)
            watch = Prometheus(session, stack.prometheus, deployment.job)
            pages = AlertmanagerPages(session, stack.alertmanager, deployment.job)
            await switch.check()
            await pages.heard()
            if fault.alert not in await watch.alerts():
                raise DrillRefused(
                    f"Prometheus at {stack.prometheus} has no alert {fault.alert}: load alerts/rules"
                )
            async with _reading(session, stack.services, stack.keys, fault, clock) as readers:
                yield Drill(Scene(switch, readers), watch, pages, clock)

    return stage


def operator(keys: Sequence[Key], clock: Clock) -> Callable[[], str]:
    """Return what mints an operator's token for each request."""
    issuer = TokenIssuer(keys, clock)
    return lambda: issuer.mint(role=Role.OPERATOR, user="drill", lifetime_s=60.0)


def _refuse_impossible(fault: Scenario, stack: RunningStack) -> None:
    if fault.own_stack:
        raise DrillRefused(f"{fault.name} kills a server: only a stack that the drill started is its to kill")
    if fault.own_traffic and not stack.keys:
        raise DrillRefused(
            f"{fault.name} needs traffic of clinics: set TASKMED_TOKEN_KEYS as the service has it"
        )


@asynccontextmanager
async def _reading(
    session: aiohttp.ClientSession, urls: Sequence[str], keys: Sequence[Key], fault: Scenario, clock: Clock
) -> AsyncIterator[Traffic | None]:
    if not keys:
        yield None
        return
    traffic = Traffic(session, urls, keys, fault.clinics, rate=fault.rate, clock=clock)
    running = asyncio.create_task(traffic.run())
    try:
        yield traffic
    finally:
        running.cancel()
        await asyncio.wait([running])


def _text(key: Key) -> str:
    return f"{key.name}:{base64.b64encode(key.secret).decode()}"
