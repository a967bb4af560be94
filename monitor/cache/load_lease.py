"""The load lease: the right to load a key for all processes, which ends by itself."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Generic, NamedTuple, TypeVar

from monitor.cache.keys import CacheKey, hash_tag
from monitor.cache.store import Signals, Store
from monitor.cache.waiting import set_within
from monitor.clock import Clock
from monitor.errors import StoreUnavailable

T = TypeVar("T")
_LOOKS = 0.1  # share of the lease after which a waiter looks whether its holder has died


class Held(NamedTuple):
    """A lease that this process holds."""

    name: str
    until: float


class Turn(NamedTuple, Generic[T]):
    """Whose turn it is: ours, `held` under a lease or without one; or nobody's, because it was `found`."""

    held: Held | None = None
    found: T | None = None


class LoadLease:
    """Lets one process load while the others wait to be woken.

    A holder that dies costs the others the rest of its lease and no more. A holder whose
    load failed, or whose answer may not be stored, wakes them, and each loads for itself.
    Nothing strict rests on it: a lost lease is one load too many.

    Args:
        store: Holds the leases.
        signals: Wakes the waiters.
        clock: Time.
    """

    def __init__(self, store: Store, signals: Signals, clock: Clock) -> None:
        self._store = store
        self._signals = signals
        self._clock = clock

    async def turn(
        self, key: CacheKey, stamp: bytes, lease_s: float, look: Callable[[], Awaitable[T | None]]
    ) -> Turn[T]:
        """Return once this process should load, or has found what another one stored.

        Args:
            key: What is loaded.
            stamp: What it will be stored under; another stamp is another lease.
            lease_s: How long the lease lasts.
            look: Reads the store for an entry under the stamp.
        """
        name = lease_name(key, stamp)
        try:
            # One round trip: a look after the lease finds what was stored since this process looked first.
            held, found = await asyncio.gather(self.acquire(name, lease_s), look())
            if found is None:
                return Turn(held) if held is not None else await self._waited(name, lease_s, look)
            if held is not None:
                await self.release(held)
            return Turn(None, found)
        except StoreUnavailable:
            return Turn()

    async def acquire(self, name: str, lease_s: float) -> Held | None:
        """Take the lease if nobody holds it.

        Raises:
            StoreUnavailable: The store failed.
        """
        token = secrets.token_bytes(16)
        until = self._clock.monotonic() + lease_s
        held = await self._store.write_if_absent({name: token}, lease_s)
        return Held(name, until) if held[name] == token else None

    async def release(self, held: Held) -> None:
        """Give the lease back and wake who waits; a lease that has run out is not ours to delete."""
        try:
            if self._clock.monotonic() < held.until:
                await asyncio.gather(self._store.delete((held.name,)), self._signals.publish(held.name))
            else:
                await self._signals.publish(held.name)
        except StoreUnavailable:
            return

    async def _waited(self, name: str, lease_s: float, look: Callable[[], Awaitable[T | None]]) -> Turn[T]:
        async with self._signals.listening(name) as woken:
            while True:
                # Looked for after listening began: a fill before it woke nobody.
                found = await look()
                if found is not None:
                    return Turn(None, found)
                held = await self.acquire(name, lease_s)
                if held is not None:
                    return Turn(held)
                if await set_within(self._clock, woken, lease_s * _LOOKS):
                    return Turn(None, await look())


def lease_name(key: CacheKey, stamp: bytes) -> str:
    """Return the physical key of a lease, on the slot of what it is for."""
    what = blake2b(key.encode() + b"\0" + stamp, digest_size=16).hexdigest()
    return f"{hash_tag(key.tenant, key.domain, key.prefix)}:lock:{what}"
