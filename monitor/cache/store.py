"""What the cache asks of a store; `memory_store` and `redis_store` keep the contract.

Every call ends within the store's own timeout and raises `StoreUnavailable`, nothing
else, when the store cannot answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol


class Signals(Protocol):
    """Channels that wake whoever listens, in any process. A wake may be lost; nothing may rest on it."""

    async def publish(self, channel: str) -> None:
        """Wake all who listen on `channel` now."""
        ...

    def listening(self, channel: str) -> AbstractAsyncContextManager[asyncio.Event]:
        """Listen while the block runs; the event is set by a wake, and when listening ends early.

        Raises:
            StoreUnavailable: Nobody answers.
        """
        ...


class StoreReading(NamedTuple):
    """The answer to one `read`.

    Attributes:
        values: One for each key asked for, None where there is none.
        incarnation: The run of the server that answered (`run_id` and `master_replid` of a
            Redis primary); two answers of the same incarnation saw one history.
        sent_at: Monotonic time at which the request left, in seconds; the near cache's
            lease counts from it.
    """

    values: Sequence[bytes | None]
    incarnation: str
    sent_at: float


class Store(Protocol):
    """A key-value store with expiry; keys are physical keys.

    Attributes:
        signals: Wakes other processes on the same store; None: there are none.
    """

    @property
    def signals(self) -> Signals | None: ...

    def read(self, keys: tuple[str, ...], /) -> Awaitable[StoreReading]:
        """Return the values of `keys`, which share a slot, as of one moment."""
        ...

    async def write(self, key: str, value: bytes, ttl_s: float) -> None:
        """Store `value` until it is replaced, evicted or `ttl_s` old."""
        ...

    async def write_if_absent(self, values: Mapping[str, bytes], ttl_s: float) -> Mapping[str, bytes]:
        """Store each value whose key holds none, and return what every key then holds (SET NX GET)."""
        ...

    async def replace(self, values: Mapping[str, bytes], ttl_s: float) -> str:
        """Store all `values` in one round trip, never resent; return the incarnation that ran all of them.

        Raises:
            StoreUnavailable: Not every one was answered, or not on one incarnation; some may have run.
        """
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove `keys`; used for load leases, never for invalidation."""
        ...

    async def ping(self) -> str:
        """Return the incarnation that answers."""
        ...

    async def prove_writable(self) -> str:
        """Have every server store a value, and return the incarnation that did.

        A server that is full, short of replicas or guarded by an ACL answers a ping and refuses
        what an invalidation sends.

        Raises:
            StoreUnavailable: One of them does not.
        """
        ...

    async def reconnect(self) -> None:
        """Drop the connection, so that the next call finds today's primary."""
        ...

    async def aclose(self) -> None:
        """Close connections; calls under way end with `StoreUnavailable`."""
        ...
