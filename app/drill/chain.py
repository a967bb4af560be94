"""The whole chain on loopback: service, Redis, Prometheus, Alertmanager and a receiver of its messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import yaml

from app.definitions import DEPLOYMENT, development
from app.drill.process import Server
from app.drill.prometheus import Prometheus
from app.drill.receiver import Receiver
from app.drill.stack import AlertmanagerServer, PrometheusServer, RedisServer, TaskMedServer
from monitor.definitions.deployment import Deployment
from monitor.definitions.writer import definitions, write
from monitor.errors import MonitorError

# A quarter of a nominal minute is a scrape in production; at an hour a minute it would be 0.25 s, and
# a machine that is busy would miss scrapes. So no time is shorter than the four scrapes of that minute.
SCRAPE_S = 0.5
SHORT = replace(DEPLOYMENT, pace=1 / 60, floor_s=4 * SCRAPE_S)
_FOUND_S = 60.0

AnyServer = TypeVar("AnyServer", bound=Server)


class ChainFailed(MonitorError):
    """The chain was started and does not hold together."""


class Chain:
    """The servers, started and stopped together; their rules and routes are the written ones.

    Args:
        folder: Where configurations and data go.
        program: Finds a program by its name, such as `prometheus`.
        token_keys: The service's `TASKMED_TOKEN_KEYS`.
        deployment: What the definitions are written for; its pace is that of every window.
        variables: Further variables of the service.
        past: Writes what Prometheus is to remember into its folder, before it starts.
    """

    def __init__(
        self,
        folder: Path,
        program: Callable[[str], Path],
        token_keys: str,
        *,
        deployment: Deployment = SHORT,
        variables: Mapping[str, str] | None = None,
        past: Callable[[Path], None] | None = None,
    ) -> None:
        self._folder = folder
        self._program = program
        self._token_keys = token_keys
        self._deployment = deployment
        self._further = variables or {}
        self._past = past
        self._exits = AsyncExitStack()
        self.receiver = Receiver()
        self.redis = RedisServer(program("redis-server"))

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            await self._start(exits)
            self._exits = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    async def _start(self, exits: AsyncExitStack) -> None:
        exits.enter_context(self.receiver)
        await _started(self.redis, exits)
        self.service = await _started(TaskMedServer(self._variables()), exits)
        files = definitions(self._deployment, (development(self.receiver.url),))
        await asyncio.to_thread(write, files, self._folder)
        config = self._folder / "alerts/alertmanager/development.yml"
        self.alertmanager = await _started(
            AlertmanagerServer(self._program("prometheus-alertmanager"), config), exits
        )
        prometheus = PrometheusServer(self._program("prometheus"), self._configured())
        if self._past is not None:
            await asyncio.to_thread(self._past, prometheus.folder)
        self.prometheus = await _started(prometheus, exits)
        self.session = await exits.enter_async_context(aiohttp.ClientSession())
        self.watch = Prometheus(self.session, self.prometheus.url, self._deployment.job)
        await self._begin_rules()

    async def _begin_rules(self) -> None:
        """Load the rules once Prometheus has scraped the service, and wait for its Alertmanager.

        It takes five seconds to find either, and a reload forgets Alertmanager for as long. At an
        hour a minute those are five minutes in which the service would be missing, and rightly
        paged for; and what fires while Alertmanager is unknown is not sent again for a minute.
        """
        await self._until(self._is_scraped, "a service to scrape")
        (self._folder / "alerts/rules").rename(self._folder / "rules")
        async with self.session.post(f"{self.prometheus.url}/-/reload") as answer:
            answer.raise_for_status()
        await self._until(self.watch.has_alertmanager, "its Alertmanager")

    async def _is_scraped(self) -> bool:
        return await self.watch.value(f'up{{job="{self._deployment.job}"}}') == 1

    async def _until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        end = time.monotonic() + _FOUND_S
        while not await holds():
            if time.monotonic() > end:
                raise ChainFailed(f"Prometheus did not find {what}; it wrote:\n{self.prometheus.log_tail()}")
            await asyncio.sleep(SCRAPE_S / 2)

    def _variables(self) -> dict[str, str]:
        return {
            "DATABASE_URL": "sqlite+aiosqlite:///taskmed.db",
            "CACHE_URL": self.redis.url,
            "TASKMED_TOKEN_KEYS": self._token_keys,
            "TASKMED_SEALING_KEYS": self._token_keys,
            "TASKMED_STRESS": "on",
            "TASKMED_SCRAPE_INTERVAL_S": "1",
            "TASKMED_ACCESS_LOG": "off",
            **self._further,
        }

    def _configured(self) -> Path:
        """Write Prometheus' configuration: the service and the rules, as often as the pace asks."""
        every = f"{SCRAPE_S * 1000:.0f}ms"
        config = {
            "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
            "rule_files": [str(self._folder / "rules/*.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [_target(self.alertmanager.url)]}]},
            "scrape_configs": [
                {"job_name": self._deployment.job, "static_configs": [_target(self.service.url)]}
            ],
        }
        path = self._folder / "prometheus.yml"
        path.write_text(yaml.safe_dump(config))
        return path


async def _started(server: AnyServer, exits: AsyncExitStack) -> AnyServer:
    exits.push_async_callback(asyncio.to_thread, server.close)
    starting = asyncio.ensure_future(asyncio.to_thread(server.start))
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        # A thread cannot be called off: what it is about to start must be there to be closed.
        await asyncio.wait([starting])
        raise
    return server


def _target(url: str) -> dict[str, list[str]]:
    return {"targets": [url.removeprefix("http://")]}
