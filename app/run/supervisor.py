"""A service as a child process, light traffic beside it, and an end to both on a signal."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from rich.console import Console

from app.config import AppConfig
from app.loopback import http_ok
from app.serve import serve
from monitor.clock import Clock, SystemClock
from monitor.errors import MonitorError

READY_PATH = "/api/health/ready"
_READY_S = 60.0
_POLL_S = 0.05
_STOP_S = 20.0
_ROUND_S = 60.0
_USERS = 4
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ServiceEnded(MonitorError):
    """The service ended by itself.

    Args:
        output: The last lines of its log.
    """

    def __init__(self, output: str) -> None:
        super().__init__(f"the service ended; its last lines:\n{output}")
        self.output = output


@dataclass(frozen=True, slots=True)
class DemoTraffic:
    """The light traffic beside the service.

    Attributes:
        tokens: A token for each clinic, the busiest first.
        rate: Requests a second; 0: none.
    """

    tokens: Mapping[int, str]
    rate: float


def service_url(config: AppConfig) -> str:
    """Return where this machine reaches the service."""
    host = "127.0.0.1" if config.host in ("0.0.0.0", "::") else config.host  # noqa: S104 - read, not bound
    return f"http://[{host}]:{config.port}" if ":" in host else f"http://{host}:{config.port}"


async def run_until_stopped(
    config: AppConfig, log: Path, traffic: DemoTraffic, console: Console, banner: str
) -> None:
    """Start the service, say that it is there, send traffic, and stop all of it on a signal.

    Raises:
        ServiceEnded: The service ended by itself.
    """
    stop = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopped = asyncio.ensure_future(_until(stop))
    async with _service(config, log) as ended:
        ready = asyncio.ensure_future(_await_ready(service_url(config) + READY_PATH, SystemClock()))
        await asyncio.wait({ready, stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done() and not stopped.done():
            console.print(banner, highlight=False)
            sending = asyncio.ensure_future(_send(service_url(config), traffic))
            await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
            await _cancel(sending)
        await _cancel(ready)
        if ended.done() and not stopped.done():
            raise ServiceEnded(_tail(log))
        await _cancel(stopped)
        console.print("\nstopping: requests under way are answered first", highlight=False)


@asynccontextmanager
async def _service(config: AppConfig, log: Path) -> AsyncIterator[asyncio.Future[None]]:
    process = multiprocessing.get_context("spawn").Process(target=_serve_into, args=(config, str(log)))
    process.start()
    ended = asyncio.ensure_future(asyncio.to_thread(process.join))
    try:
        yield ended
    finally:
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(ended), _STOP_S)
        process.kill()
        await ended


def _serve_into(config: AppConfig, log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    try:
        serve(config)
    except MonitorError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


async def _await_ready(url: str, clock: Clock) -> None:
    async with asyncio.timeout(_READY_S):
        while not await asyncio.to_thread(http_ok, url):
            await clock.sleep(_POLL_S)


async def _send(url: str, traffic: DemoTraffic) -> None:
    if not traffic.rate:
        return
    from app.load.arrivals import poisson  # noqa: PLC0415 - loaded while nobody waits for it
    from app.load.generator import Generator, open_session  # noqa: PLC0415
    from app.load.mix import Mix  # noqa: PLC0415

    random = Random()  # noqa: S311 - traffic, no secret
    mix = Mix(list(traffic.tokens), random)
    async with open_session(_USERS) as session:
        while True:
            # A generator for each round, so that the counts of a day take no memory.
            generator = Generator(session, url, mix, traffic.tokens, SystemClock(), users=_USERS)
            most = round(_ROUND_S * traffic.rate * 2)
            await generator.run(poisson(traffic.rate, _ROUND_S, most, random), _ROUND_S)


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _cancel(task: asyncio.Future[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, TimeoutError):
        await task


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
