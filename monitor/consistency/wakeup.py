"""A signal that any number of tasks wait for, each with a limit."""

from __future__ import annotations

import asyncio

from monitor.clock import Clock


class Wakeup:
    """Wakes everyone who waits, and is remembered by nobody.

    Args:
        clock: What limits are measured on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiters)

    def fire(self) -> None:
        """Wake everyone who waits."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, within_s: float) -> None:
        """Return when the signal fires, or after `within_s`."""
        fired: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        limit = asyncio.ensure_future(self._clock.sleep(within_s))
        self._waiters.add(fired)
        try:
            await asyncio.wait((fired, limit), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiters.discard(fired)
            limit.cancel()
