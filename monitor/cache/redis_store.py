"""The store on one Redis primary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.cache.batching import Batcher, ReadTrip, SlotReadTrip
from monitor.cache.breaker import Breaker
from monitor.cache.link import Dial, Link
from monitor.cache.observer import CacheObserver
from monitor.cache.signals import RedisSignals
from monitor.clock import Clock

TIMEOUT_S = 0.04  # what fails together at its end takes a while too: requests feel under 50 ms


class RedisStore:
    """Keeps the contract of `Store` on one multiplexed connection.

    Args:
        dial: Opens a connection to today's primary.
        observer: Told each round trip and each state of the breaker.
        clock: Time for durations and the breaker.
        timeout_s: Longest any call takes.
        breaker: One of its own if None.
        clustered: Whether a command may not reach across slots.
    """

    def __init__(
        self,
        dial: Dial,
        observer: CacheObserver,
        clock: Clock,
        *,
        timeout_s: float = TIMEOUT_S,
        breaker: Breaker | None = None,
        clustered: bool = False,
    ) -> None:
        self.breaker = breaker or Breaker(clock, observer.breaker_changed)
        self._link = Link(dial, self.breaker, observer, clock, timeout_s)
        # The batcher's own, and no method around it: every lookup comes by here.
        self.read = Batcher(self._link.submit, new_trip=SlotReadTrip if clustered else ReadTrip).read
        self.signals = RedisSignals(dial, self._link, timeout_s)

    async def write(self, key: str, value: bytes, ttl_s: float) -> None:
        await self._link.call("write", (_set(key, value, ttl_s),))

    async def write_if_absent(self, values: Mapping[str, bytes], ttl_s: float) -> Mapping[str, bytes]:
        commands = [(*_set(key, value, ttl_s), "NX", "GET") for key, value in values.items()]
        held, _ = await self._link.call("write_if_absent", commands)
        return {
            key: own if there is None else there
            for (key, own), there in zip(values.items(), held, strict=True)
        }

    async def replace(self, values: Mapping[str, bytes], ttl_s: float) -> str:
        commands = [_set(key, value, ttl_s) for key, value in values.items()]
        _, incarnation = await self._link.call("replace", commands)
        return incarnation

    async def delete(self, keys: Sequence[str]) -> None:
        await self._link.call("delete", (("UNLINK", *keys),))

    async def ping(self) -> str:
        _, incarnation = await self._link.call("ping", (("PING",),))
        return incarnation

    async def reconnect(self) -> None:
        self._link.drop("connection")

    async def aclose(self) -> None:
        await self.signals.aclose()
        await self._link.aclose()


def _set(key: str, value: bytes, ttl_s: float) -> tuple[Any, ...]:
    return ("SET", key, value, "PX", max(1, int(ttl_s * 1000)))
