"""Sends the requests: a bounded number of users, each with a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import aiohttp

from app.load.mix import LoadStep, Mix
from app.load.tally import Tally, cache_outcome
from monitor.clock import Clock

_TIMEOUT_S = 10.0
_OK = 200


class Generator:
    """Sends the requests of a mix when they are due and counts what comes back.

    Args:
        session: Connections to the service.
        base_url: Its address, without a slash at the end.
        mix: Draws the requests.
        tokens: A bearer token for each clinic.
        clock: Where time comes from.
        users: Most requests in flight.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        mix: Mix,
        tokens: Mapping[int, str],
        clock: Clock,
        users: int = 50,
    ) -> None:
        self._session = session
        self._base_url = base_url
        self._mix = mix
        self._headers = {clinic: {"Authorization": f"Bearer {token}"} for clinic, token in tokens.items()}
        self._clock = clock
        self._users = users
        self.tally = Tally()

    async def run(self, arrivals: Iterator[float | None], seconds: float) -> Tally:
        """Send every request of `arrivals`, for at most `seconds`, and return the counts."""
        started = self._clock.monotonic()
        async with asyncio.TaskGroup() as users:
            for _ in range(self._users):
                users.create_task(self._user(arrivals, started, started + seconds))
        self.tally.unsent = sum(due is not None for due in arrivals)
        self.tally.elapsed_s = self._clock.monotonic() - started
        return self.tally

    async def _user(self, arrivals: Iterator[float | None], started: float, end: float) -> None:
        # All users draw from one sequence, so each request goes to the first one that is free.
        while self._clock.monotonic() < end:
            try:
                offset = next(arrivals)
            except StopIteration:
                return
            await self._send(self._mix.next(), await self._await_due(offset, started))

    async def _await_due(self, offset: float | None, started: float) -> float:
        """Return the time from which the request is measured."""
        now = self._clock.monotonic()
        if offset is None:
            return now
        due = started + offset
        if due <= now:
            return due
        await self._clock.sleep(due - now)
        # This user was free in time: what its timer was late is not the service's.
        woken = self._clock.monotonic()
        self.tally.late_s = max(self.tally.late_s, woken - due)
        return woken

    async def _send(self, step: LoadStep, due: float) -> None:
        headers = {**self._headers[step.clinic], **step.headers}
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                answer = await self._session.request(
                    step.method, self._base_url + step.path, headers=headers, data=step.body
                )
                body = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.tally.failed(step.operation, self._clock.monotonic() - due, type(error).__name__)
            return
        seconds = self._clock.monotonic() - due
        cache = cache_outcome(answer.headers.get("Cache-Status"))
        self.tally.answered(step.operation, seconds, answer.status, cache)
        if answer.status == _OK:
            self._mix.learn(step, body, answer.headers.get("ETag"))


def open_session(users: int) -> aiohttp.ClientSession:
    """Return a session with a connection for each user, which keeps no cookies; close it after use."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=users, ttl_dns_cache=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
    )
