"""Clinics' staff who read their contacts at a steady rate, from as many pages as a drill wants."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress

import aiohttp

from app.auth import Role, TokenIssuer
from app.variables import Key
from monitor.clock import Clock

_LIFETIME_S = 12 * 3_600.0
_TIMEOUT_S = 5.0


class Traffic:
    """Requests that go on whatever becomes of them.

    Args:
        session: The HTTP client.
        urls: Where the service answers; asked in turn.
        keys: Keys of the bearer tokens.
        clinics: Who asks, in turn.
        rate: Requests a second.
        clock: What the rate is kept by.
        cold: Whether every read is of another page, so that none can hit.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        urls: Sequence[str],
        keys: Sequence[Key],
        clinics: Sequence[int],
        *,
        rate: float,
        clock: Clock,
        cold: bool = False,
    ) -> None:
        issuer = TokenIssuer(keys, clock)
        self._tokens = {
            clinic: issuer.mint(role=Role.STAFF, user="drill", clinic=clinic, lifetime_s=_LIFETIME_S)
            for clinic in clinics
        }
        self._session = session
        self._urls = itertools.cycle(urls)
        self._rate = rate
        self._clock = clock
        self.cold = cold
        self._pages = itertools.count(2)

    async def run(self) -> None:
        """Ask until cancelled; answers, refusals and lost connections are all taken as they come."""
        asking: set[asyncio.Task[None]] = set()
        started = self._clock.monotonic()
        try:
            for number, clinic in enumerate(itertools.cycle(self._tokens)):
                await self._clock.sleep(max(0.0, started + number / self._rate - self._clock.monotonic()))
                task = asyncio.create_task(self.ask(clinic, next(self._pages) if self.cold else 1))
                asking.add(task)
                task.add_done_callback(asking.discard)
        finally:
            for task in asking:
                task.cancel()

    async def ask(self, clinic: int, page: int) -> None:
        """Ask once for a page of a clinic's contacts."""
        headers = {"Authorization": f"Bearer {self._tokens[clinic]}"}
        url = f"{next(self._urls)}/api/contacts"
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self._session.get(
                url, params={"page": page}, headers=headers, timeout=timeout
            ) as answer:
                await answer.read()
