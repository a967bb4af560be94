"""`taskmed load`: one run from plan to summary."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from random import Random
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from app.auth import Role, TokenIssuer
from app.load.arrivals import back_to_back, poisson
from app.load.generator import Generator, open_session
from app.load.mix import Mix
from app.load.report import summary, table
from app.load.tally import Tally
from app.variables import Key
from monitor.clock import SystemClock

_BAR_S = 0.2
_TOKEN_MARGIN_S = 600.0


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What to send.

    Attributes:
        url: Address of the service.
        rate: Requests a second; 0: a closed loop.
        users: Most requests in flight.
        seconds: Length of the run.
        requests: Most requests.
        clinics: Their ids, the busiest first.
        zipf: Zipf's exponent.
        seed: Seed of every draw.
    """

    url: str
    rate: float
    users: int
    seconds: float
    requests: int
    clinics: Sequence[int]
    zipf: float
    seed: int

    @property
    def on_loopback(self) -> bool:
        host = urlsplit(self.url).hostname or ""
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False


def run_load(plan: LoadPlan, keys: Sequence[Key], *, as_json: bool = False) -> int:
    """Send the traffic, print the summary, and return 1 if nothing at all was answered without an error."""
    tally = asyncio.run(_run(plan, keys))
    if as_json:
        print(json.dumps(summary(tally), indent=2))  # noqa: T201 - the result
    else:
        Console().print(table(tally))
    return 1 if tally.error_count >= max(1, tally.requests) else 0


async def _run(plan: LoadPlan, keys: Sequence[Key]) -> Tally:
    issuer = TokenIssuer(keys, SystemClock())
    tokens = {
        clinic: issuer.mint(
            role=Role.STAFF, user="load", clinic=clinic, lifetime_s=plan.seconds + _TOKEN_MARGIN_S
        )
        for clinic in plan.clinics
    }
    random = Random(plan.seed)  # noqa: S311 - traffic that can be repeated, no secret
    mix = Mix(plan.clinics, random, exponent=plan.zipf)
    async with open_session(plan.users) as session:
        generator = Generator(session, plan.url.rstrip("/"), mix, tokens, SystemClock(), plan.users)
        arrivals = (
            poisson(plan.rate, plan.seconds, plan.requests, random)
            if plan.rate
            else back_to_back(plan.requests)
        )
        showing = asyncio.ensure_future(_show(generator, plan.seconds))
        try:
            return await generator.run(arrivals, plan.seconds)
        finally:
            showing.cancel()


async def _show(generator: Generator, seconds: float) -> None:
    columns = (TextColumn("load:"), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    clock = SystemClock()
    started = clock.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=seconds)
        while True:
            tally = generator.tally
            words = f"{tally.requests:,} requests, {tally.error_count:,} errors"
            bar.update(task, completed=clock.monotonic() - started, description=words)
            await clock.sleep(_BAR_S)
