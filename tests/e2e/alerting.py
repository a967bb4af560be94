"""The whole alerting chain on loopback with traffic, and what tests ask of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from app.drill.chain import SCRAPE_S as SCRAPE_S
from app.drill.chain import Chain
from app.drill.fault_switch import FaultSwitch
from app.drill.receiver import Notification
from app.drill.stage import operator
from app.drill.traffic import Traffic
from monitor.clock import SystemClock
from tests.app.service import KEY, KEY_TEXT
from tests.binaries import need
from tests.e2e.history import write_last_week


class AlertStack(Chain):
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
        def program(name: str) -> Path:
            return need(name, newer=newer and name != "redis-server")

        past = write_last_week if remembers else None
        super().__init__(folder, program, KEY_TEXT, variables=variables, past=past)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().__aexit__(kind, error, trace)

    def _readers(self, clinics: Sequence[int], rate: float, *, cold: bool = False) -> Traffic:
        urls, clock = (self.service.url,), SystemClock()
        return Traffic(self.session, urls, (KEY,), clinics, rate=rate, clock=clock, cold=cold)

    def send(self, clinics: Sequence[int], rate: float, *, cold: bool = False) -> Traffic:
        """Begin traffic that lasts until the stack is left."""
        traffic = self._readers(clinics, rate, cold=cold)
        self._tasks.append(asyncio.create_task(traffic.run()))
        return traffic

    async def ask_together(self, clinic: int, page: int, times: int, *, apart: bool = False) -> None:
        """Ask for one page many times at once; or, `apart`, for as many pages."""
        traffic = self._readers((clinic,), 1.0)
        steps = range(times) if apart else [0] * times
        await asyncio.gather(*(traffic.ask(clinic, page + 10_000 * step) for step in steps))

    async def fault(self, **content: Any) -> None:
        """Put a fault in force through the stress endpoint; without content, end it."""
        switch = FaultSwitch(self.session, (self.service.url,), operator((KEY,), SystemClock()))
        await (switch.set(**content) if content else switch.clear())

    async def value(self, expr: str) -> float | None:
        """Ask Prometheus; None where there is no sample."""
        return await self.watch.value(expr)

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
    ) -> Notification:
        """Wait for a message to a receiver about an alert.

        Raises:
            TimeoutError: None came; names what came instead.
        """

        def wanted(delivery: Notification) -> bool:
            return delivery.path == path and any(
                each["status"] == status and {"alertname": alert, **labels}.items() <= each["labels"].items()
                for each in delivery.alerts
            )

        found = await asyncio.to_thread(self.receiver.await_delivery, wanted, timeout_s)
        if found is None:
            came = "\n".join(str(delivery) for delivery in self.receiver.deliveries)
            raise TimeoutError(f"no {status} {alert} at {path}; there came:\n{came}")
        return found

    def messages(self, path: str) -> list[Notification]:
        """Return what came to a receiver so far."""
        return [delivery for delivery in self.receiver.deliveries if delivery.path == path]


def alerts_in(deliveries: Sequence[Notification], status: str = "firing") -> set[str]:
    """Return the names of the alerts that messages told of."""
    return {
        alert["labels"]["alertname"]
        for delivery in deliveries
        for alert in delivery.alerts
        if alert["status"] == status
    }


def shown(delivery: Notification) -> str:
    """Return a message as text, for a failure to read."""
    return json.dumps(delivery.message, indent=1)
