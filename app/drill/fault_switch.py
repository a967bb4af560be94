"""The stress endpoints of a running service: a fault put in force in every worker, and taken back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import aiohttp

from monitor.errors import MonitorError

_PATH = "/api/stress/fault"
_WORKERS = re.compile(r"^monitor_workers(?:\{[^}]*\})? (\d+)", re.MULTILINE)
# Each request goes to a worker of the system's choosing: so many tries a worker find each of them.
_TRIES = 20
_TIMEOUT_S = 10.0
_NOT_FOUND, _REFUSED = 404, (401, 403)

LEASE_S = 120  # how long a fault outlives a drill that was killed


class DrillRefused(MonitorError):
    """The stack does not let itself be drilled; says what would change that."""


class FaultSwitch:
    """Sets one fault in all workers of a service.

    Args:
        session: The HTTP client.
        urls: The replicas.
        token: Gives an operator's token.
    """

    def __init__(self, session: aiohttp.ClientSession, urls: Sequence[str], token: Callable[[], str]) -> None:
        self._session = session
        self._urls = urls
        self._token = token

    async def check(self) -> None:
        """Return if faults can be set.

        Raises:
            DrillRefused: They are off, the token is no operator's, or nobody answers.
        """
        for url in self._urls:
            await self._ask(url, "GET")

    async def set(self, **content: Any) -> None:
        """Put a fault in force in every worker, for `LEASE_S` seconds.

        Args:
            **content: Fields of the endpoint's body, such as `delayMs`.

        Raises:
            DrillRefused: As `check`; or a worker was not reached.
        """
        body = {"seconds": LEASE_S, **content}
        for url in self._urls:
            await self._everywhere(url, partial(self._ask, url, "PUT", body), active=True)

    async def clear(self) -> None:
        """End the fault in every worker; see `set`."""

        async def ended(url: str) -> Any:
            await self._ask(url, "DELETE")
            return await self._ask(url, "GET")

        for url in self._urls:
            await self._everywhere(url, partial(ended, url), active=False)

    async def _everywhere(self, url: str, act: Callable[[], Awaitable[Any]], *, active: bool) -> None:
        workers = await self._workers(url)
        reached: set[int] = set()
        for _ in range(workers * _TRIES):
            answer = await act()
            if answer["active"] is active:
                reached.add(answer["worker"])
            if len(reached) >= workers:
                return
        raise DrillRefused(f"{url}: {len(reached)} of {workers} workers took the fault")

    async def _workers(self, url: str) -> int:
        try:
            async with self._session.get(f"{url}/metrics", timeout=_timeout()) as answer:
                found = _WORKERS.search(await answer.text())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DrillRefused(f"{url} does not answer: {type(error).__name__}") from None
        return max(1, int(found[1])) if found else 1

    async def _ask(self, url: str, method: str, body: dict[str, Any] | None = None) -> Any:
        # A connection of its own for each request, so that every worker has a turn.
        headers = {"Authorization": f"Bearer {self._token()}", "Connection": "close"}
        try:
            async with self._session.request(
                method, url + _PATH, json=body, headers=headers, timeout=_timeout()
            ) as answer:
                _explain(url, answer.status)
                return await answer.json(content_type=None) if method != "DELETE" else None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DrillRefused(f"{url} does not answer: {type(error).__name__}") from None


def _timeout() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=_TIMEOUT_S)


def _explain(url: str, status: int) -> None:
    if status == _NOT_FOUND:
        raise DrillRefused(f"faults are off at {url}: start the service with TASKMED_STRESS=on")
    if status in _REFUSED:
        raise DrillRefused(f"{url} refused the token with HTTP {status}; give an operator's")
    if status >= 400:  # noqa: PLR2004 - the first status of an error
        raise DrillRefused(f"{url} answered HTTP {status} to a fault")
