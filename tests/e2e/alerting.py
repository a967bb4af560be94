"""The whole alerting chain on loopback: service, Redis, Prometheus, Alertmanager, a receiver, and traffic."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml

from app.auth import Role, TokenIssuer
from app.drill.receiver import Delivery, Receiver
from app.drill.stack import AlertmanagerServer, PrometheusServer, RedisServer, TaskMedServer
from monitor.clock import SystemClock
from monitor.definitions.deployment import Deployment
from monitor.definitions.receivers import development
from monitor.definitions.writer import definitions, write
from tests.app.service import KEY, KEY_TEXT
from tests.binaries import need
from tests.e2e.history import write_last_week

# What fires before Prometheus has found its Alertmanager is sent again after this, not after a minute.
_RESEND = ("--rules.alert.resend-delay=1s",)
SCRAPE_S = 0.5
# An hour in a minute; no window shorter than two scrapes.
FAST = Deployment(pace=1 / 60, floor_s=2 * SCRAPE_S)


class Traffic:
    """Staff of some clinics who read their contacts, at a steady rate.

    Args:
        session: The HTTP client.
        clinics: Who asks, in turn.
        rate: Requests a second.
        cold: Whether every read is of another page, so that none can hit.
    """

    def __init__(
        self, session: aiohttp.ClientSession, clinics: Sequence[int], rate: float, *, cold: bool = False
    ) -> None:
        issuer = TokenIssuer((KEY,), SystemClock())
        self._tokens = {
            clinic: issuer.mint(role=Role.STAFF, user="test", clinic=clinic) for clinic in clinics
        }
        self._session = session
        self._rate = rate
        self.cold = cold
        self._pages = itertools.count(2)

    async def run(self) -> None:
        """Ask until cancelled; answers, refusals and lost connections are all taken as they come."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        asking: set[asyncio.Task[None]] = set()
        for number, clinic in enumerate(itertools.cycle(self._tokens)):
            await asyncio.sleep(max(0.0, started + number / self._rate - loop.time()))
            task = asyncio.create_task(self._ask(clinic))
            asking.add(task)
            task.add_done_callback(asking.discard)

    async def _ask(self, clinic: int) -> None:
        await self.ask(clinic, next(self._pages) if self.cold else 1)

    async def ask(self, clinic: int, page: int) -> None:
        """Ask once for a page of a clinic's contacts."""
        headers = {"Authorization": f"Bearer {self._tokens[clinic]}"}
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self._session.get("/api/contacts", params={"page": page}, headers=headers) as answer:
                await answer.read()


class AlertStack:
    """The chain, started and stopped together; its rules are the written ones at sixty times the pace.

    Args:
        folder: Where configurations and data go.
        newer: Whether to take the later releases of Prometheus and Alertmanager.
        variables: Further variables of the service.
        remembers: Whether Prometheus begins with a past of a week ago.
    """

    def __init__(
        self,
        folder: Path,
        *,
        newer: bool = True,
        variables: Mapping[str, str] | None = None,
        remembers: bool = False,
    ) -> None:
        self._folder = folder
        self._further = variables or {}
        self._remembers = remembers
        self._newer = newer
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self.receiver = Receiver()
        self.redis = RedisServer(need("redis-server"))

    async def __aenter__(self) -> Self:
        enter = self._stack.enter_context
        await self._stack.__aenter__()
        enter(self.receiver)
        enter(self.redis)
        self.service = enter(TaskMedServer(self._variables()))
        files = definitions(FAST, (development(self.receiver.url),))
        await asyncio.to_thread(write, files, self._folder)
        config = self._folder / "alerts/alertmanager/development.yml"
        alertmanager = need("prometheus-alertmanager", newer=self._newer)
        self.alertmanager = enter(AlertmanagerServer(alertmanager, config))
        prometheus = PrometheusServer(need("prometheus", newer=self._newer), self._configured(), _RESEND)
        if self._remembers:
            await asyncio.to_thread(write_last_week, prometheus.folder)
        self.prometheus = enter(prometheus)
        timeout = aiohttp.ClientTimeout(total=5)
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(self.service.url, timeout=timeout)
        )
        await self._begin_rules()
        return self

    async def _begin_rules(self) -> None:
        """Load the rules once the first scrape is in.

        Prometheus takes five seconds to find its targets. At this pace that is five minutes in
        which the service would be missing, and rightly paged for.
        """
        await self.healthy('up{job="taskmed"}', lambda value: value == 1)
        (self._folder / "alerts/rules").rename(self._folder / "rules")
        async with aiohttp.ClientSession() as session:
            (await session.post(f"{self.prometheus.url}/-/reload")).raise_for_status()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    def _variables(self) -> dict[str, str]:
        return {
            "DATABASE_URL": "sqlite+aiosqlite:///taskmed.db",
            "CACHE_URL": self.redis.url,
            "TASKMED_TOKEN_KEYS": KEY_TEXT,
            "TASKMED_SEALING_KEYS": KEY_TEXT,
            "TASKMED_STRESS": "on",
            "TASKMED_ACCESS_LOG": "off",
            **self._further,
        }

    def _configured(self) -> Path:
        """Write Prometheus' configuration: the service and the rules, as often as the pace asks."""
        config = {
            "global": {
                "scrape_interval": f"{SCRAPE_S * 1000:.0f}ms",
                "scrape_timeout": f"{SCRAPE_S * 1000:.0f}ms",
                "evaluation_interval": f"{SCRAPE_S * 1000:.0f}ms",
            },
            "rule_files": [str(self._folder / "rules/*.yml")],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [_address(self.alertmanager.url)]}]}]
            },
            "scrape_configs": [
                {"job_name": "taskmed", "static_configs": [{"targets": [_address(self.service.url)]}]}
            ],
        }
        path = self._folder / "prometheus.yml"
        path.write_text(yaml.safe_dump(config))
        return path

    def send(self, clinics: Sequence[int], rate: float, *, cold: bool = False) -> Traffic:
        """Begin traffic that lasts until the stack is left."""
        traffic = Traffic(self._session, clinics, rate, cold=cold)
        self._tasks.append(asyncio.create_task(traffic.run()))
        return traffic

    async def ask_together(self, clinic: int, page: int, times: int, *, apart: bool = False) -> None:
        """Ask for one page many times at once; or, `apart`, for as many pages."""
        traffic = Traffic(self._session, (clinic,), 1.0)
        steps = range(times) if apart else [0] * times
        await asyncio.gather(*(traffic.ask(clinic, page + 10_000 * step) for step in steps))

    async def fault(self, **content: Any) -> None:
        """Put a fault in force through the stress endpoint; without content, end it."""
        token = TokenIssuer((KEY,), SystemClock()).mint(role=Role.OPERATOR, user="test")
        headers = {"Authorization": f"Bearer {token}"}
        body = {"seconds": 600, **content} if content else None
        method = "PUT" if content else "DELETE"
        async with self._session.request(method, "/api/stress/fault", json=body, headers=headers) as answer:
            answer.raise_for_status()

    async def value(self, expr: str) -> float | None:
        """Ask Prometheus; None where there is no sample."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.prometheus.url}/api/v1/query", params={"query": expr}) as answer,
        ):
            result = (await answer.json())["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    async def healthy(self, expr: str, wanted: Callable[[float], bool], timeout_s: float = 60.0) -> None:
        """Wait until a query's value is as it should be before a fault.

        Raises:
            TimeoutError: It never was.
        """
        end = time.monotonic() + timeout_s
        while (value := await self.value(expr)) is None or not wanted(value):
            if time.monotonic() > end:
                raise TimeoutError(f"{expr} is {value}")
            await asyncio.sleep(SCRAPE_S)

    async def told(
        self, path: str, alert: str, status: str = "firing", timeout_s: float = 90.0, **labels: str
    ) -> Delivery:
        """Wait for a message to a receiver about an alert.

        Raises:
            TimeoutError: None came; names what came instead.
        """

        def wanted(delivery: Delivery) -> bool:
            return delivery.path == path and any(
                each["status"] == status and {"alertname": alert, **labels}.items() <= each["labels"].items()
                for each in delivery.alerts
            )

        found = await asyncio.to_thread(self.receiver.await_delivery, wanted, timeout_s)
        if found is None:
            came = "\n".join(str(delivery) for delivery in self.receiver.deliveries)
            raise TimeoutError(f"no {status} {alert} at {path}; there came:\n{came}")
        return found

    def messages(self, path: str) -> list[Delivery]:
        """Return what came to a receiver so far."""
        return [delivery for delivery in self.receiver.deliveries if delivery.path == path]


def _address(url: str) -> str:
    return url.removeprefix("http://")


def alerts_in(deliveries: Sequence[Delivery], status: str = "firing") -> set[str]:
    """Return the names of the alerts that messages told of."""
    return {
        alert["labels"]["alertname"]
        for delivery in deliveries
        for alert in delivery.alerts
        if alert["status"] == status
    }


def shown(delivery: Delivery) -> str:
    """Return a message as text, for a failure to read."""
    return json.dumps(delivery.message, indent=1)
