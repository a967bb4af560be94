"""Loads without the cache, coalesced without ever handing out an older answer."""

from __future__ import annotations

import asyncio

from monitor.cache.lookup import Load, Loaded
from monitor.cache.single_flight import Flight, SingleFlight

PATIENCE_S = 0.05


class BypassFlight:
    """One load of a key at a time, and one gathered behind it.

    A bypassing read may not join a load that has begun: the write it must see may have been
    answered since. It joins the one that has not begun, which starts when the running one
    ends or after `patience_s`, so that an outage of the store does not stampede the database.

    Args:
        patience_s: Longest the gathered load waits for the running one, in seconds.
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._running: dict[str, asyncio.Future[Loaded]] = {}
        self._gathered: dict[str, Flight[Loaded]] = {}
        self._flights: SingleFlight[Loaded] = SingleFlight()

    def join(self, key: str, load: Load) -> tuple[Flight[Loaded], bool]:
        """Return the load to wait for, and whether it is another caller's; shield it."""
        gathered = self._gathered.get(key)
        if gathered is not None:
            return gathered, True

        async def fly(outcome: asyncio.Future[Loaded]) -> None:
            await self._fly(key, outcome, load)

        # A name of its own for each: who may join is decided here.
        flight = self._gathered[key] = self._flights.begin((key, object()), fly)
        return flight, False

    async def _fly(self, key: str, outcome: asyncio.Future[Loaded], load: Load) -> None:
        running = self._running.get(key)
        if running is not None:
            await asyncio.wait((running,), timeout=self._patience_s)
        # From here on nobody joins: the load begins.
        del self._gathered[key]
        self._running[key] = outcome
        try:
            outcome.set_result(await load())
        finally:
            if self._running.get(key) is outcome:
                del self._running[key]

    async def aclose(self) -> None:
        """Wait for every load under way."""
        await self._flights.aclose()
