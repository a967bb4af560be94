"""The store on one Redis primary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitor.cache.cache_observer import CacheObserver
from monitor.cache.store import StoreReading
from monitor.clock import Clock
from monitor.errors import StoreUnavailable
from monitor.redis.batching import Batcher, ReadRoundTrip, SlotReadRoundTrip
from monitor.redis.circuit_breaker import CircuitBreaker
from monitor.redis.multiplexer import Dial, Multiplexer
from monitor.redis.pubsub import RedisPubSub

PROBE_KEY = "{monitor}:probe"
_PROBE_TTL_S = 60.0
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
        breaker: CircuitBreaker | None = None,
        clustered: bool = False,
    ) -> None:
        self.breaker: CircuitBreaker = breaker or CircuitBreaker(clock, observer.breaker_changed)
        self._link = Multiplexer(dial, self.breaker, observer, clock, timeout_s)
        # The batcher's own, and no method around it: every lookup comes by here.
        self.read: Callable[[tuple[str, ...]], asyncio.Future[StoreReading]] = Batcher(
            self._link.submit, new_trip=SlotReadRoundTrip if clustered else ReadRoundTrip
        ).read
        self.signals: RedisPubSub = RedisPubSub(dial, self._link, timeout_s)

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

    async def prove_writable(self, key: str = PROBE_KEY) -> str:
        try:
            _, incarnation = await self._link.call("probe", (_set(key, b"", _PROBE_TTL_S),))
        except StoreUnavailable as failure:
            raise self._link.connects.explained(failure) from None
        return incarnation

    async def reconnect(self) -> None:
        self._link.drop("connection")

    async def aclose(self) -> None:
        await self.signals.aclose()
        await self._link.aclose()


def _set(key: str, value: bytes, ttl_s: float) -> tuple[Any, ...]:
    return ("SET", key, value, "PX", max(1, int(ttl_s * 1000)))
