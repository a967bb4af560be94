"""Worker processes for tests, and the load they are put under."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx2 as httpx

from app.drill.process import Server
from app.loopback import http_ok
from monitor.metrics.catalogue import TENANT_REQUESTS
from tests.monitor.metrics.exposed import parse_text

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0  # a busy machine is no failure; nothing here waits when it need not


class Worker(Server):
    """One worker of the small service in `worker.py`.

    Args:
        directory: Where it shares its counts.
    """

    name = "worker"

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        script = "tests.monitor.metrics.worker"
        return [
            "env",
            f"PYTHONPATH={ROOT}",
            sys.executable,
            "-m",
            script,
            str(self.port),
            str(self._directory),
        ]

    def ready(self) -> bool:
        return http_ok(f"{self.url}/api/health/live")


class Load:
    """Requests of three clinics to one worker, one after the other, until stopped.

    Attributes:
        answered: How many were answered.
        failed: How many of these with a 500.
    """

    def __init__(self, worker: Worker) -> None:
        self._url = worker.url
        self._stopping = asyncio.Event()
        self.answered = 0
        self.failed = 0
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End after the request under way was answered."""
        self._stopping.set()
        await self._task

    async def broken(self) -> int:
        """Wait until the worker is gone and return how many answers came before."""
        with suppress(httpx.TransportError):
            await self._task
        return self.answered

    async def _run(self) -> None:
        async with httpx.AsyncClient(base_url=self._url) as client:
            while not self._stopping.is_set():
                badly = self.answered % 10 == 9
                tenant = 1 + self.answered % 3
                answer = await client.get(
                    "/visits/badly" if badly else "/visits/well",
                    headers={"Authorization": f"Bearer {tenant}"},
                )
                self.answered += 1
                self.failed += answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR


class Totals:
    """What one scrape says about the work of all workers."""

    def __init__(self, body: str) -> None:
        self.by_route = self.by_tenant = self.failed = 0
        for family in parse_text(body):
            for sample in family.samples:
                if sample.labels.get("http_route") == "/visits/{how}" and sample.name.endswith("_count"):
                    self.by_route += int(sample.value)
                if sample.name == TENANT_REQUESTS.name and sample.labels["tenant"] in ("1", "2", "3"):
                    self.by_tenant += int(sample.value)
                    self.failed += int(sample.value) * (sample.labels["outcome"] == "server_error")

    def of(self, loads: Sequence[Load]) -> bool:
        """Say whether these are exactly the answers that the loads got."""
        answered = sum(load.answered for load in loads)
        failed = sum(load.failed for load in loads)
        return (self.by_route, self.by_tenant, self.failed) == (answered, answered, failed)


async def scrape(worker: Worker) -> Totals:
    """Scrape one worker."""
    async with httpx.AsyncClient() as client:
        return Totals((await client.get(f"{worker.url}/metrics", headers={"Accept": "text/plain"})).text)
