"""Reads of one event-loop tick travel as one MGET."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from monitor.cache.store import StoreReading
from monitor.errors import StoreUnavailable
from monitor.redis.round_trip import RoundTrip

MAX_KEYS = 512  # several trips in flight keep Redis and the loop busy at once: 20 % more than one large one
_new = tuple.__new__


class ReadRoundTrip(RoundTrip):
    """One MGET on behalf of many readers; a key that several ask for travels once.

    Attributes:
        asked: How many keys it asks for, at the most.
    """

    __slots__ = ("_keys", "_loop", "_more", "_waiting", "asked")

    def __init__(self) -> None:
        super().__init__("read")
        # Asked for once a trip: each time, the loop makes sure by a system call that nobody has forked.
        self._loop = asyncio.get_running_loop()
        self._keys: dict[str, None] = {}
        # Who waits for the same keys is told together, by the same reading. Most keys have one reader.
        self._waiting: dict[tuple[str, ...], asyncio.Future[StoreReading]] = {}
        self._more: dict[tuple[str, ...], list[asyncio.Future[StoreReading]]] = {}
        self.asked: int = 0

    def join(self, keys: tuple[str, ...]) -> asyncio.Future[StoreReading]:
        """Return what will have the values of `keys` from this trip; only before it is sent."""
        reader: asyncio.Future[StoreReading] = asyncio.Future(loop=self._loop)
        if self._waiting.setdefault(keys, reader) is reader:
            self.asked += len(keys)
        else:
            self._more.setdefault(keys, []).append(reader)
        return reader

    @property
    def commands(self) -> Sequence[tuple[Any, ...]]:
        self._keys = dict.fromkeys(chain.from_iterable(self._waiting))
        return (("MGET", *self._keys),)

    def complete(self, replies: Sequence[Any], incarnation: str) -> None:
        value_of = dict(zip(self._keys, chain.from_iterable(replies), strict=True)).__getitem__
        sent_at, more = self.sent_at, self._more
        for keys, reader in self._waiting.items():
            # What StoreReading(...) does, at half its cost: this runs once for every lookup.
            reading = _new(StoreReading, (tuple(map(value_of, keys)), incarnation, sent_at))
            if not reader.done():
                reader.set_result(reading)
            if more:
                for another in more.get(keys, ()):
                    if not another.done():
                        another.set_result(reading)

    def fail(self, reason: str, detail: str | None = None) -> None:
        for reader in chain(self._waiting.values(), *self._more.values()):
            if not reader.done():
                reader.set_exception(StoreUnavailable("read", reason, detail))

    def size(self, replies: Sequence[Any]) -> int:
        return sum(map(len, filter(None, chain.from_iterable(replies))))


class SlotReadRoundTrip(ReadRoundTrip):
    """One MGET for each hash tag, all in one round trip: a cluster refuses a command across slots."""

    __slots__ = ()

    @property
    def commands(self) -> Sequence[tuple[Any, ...]]:
        by_tag: dict[str, dict[str, None]] = {}
        for keys in self._waiting:
            by_tag.setdefault(keys[0].partition("}")[0], {}).update(dict.fromkeys(keys))
        self._keys = dict.fromkeys(chain.from_iterable(by_tag.values()))
        return [("MGET", *keys) for keys in by_tag.values()]


class Batcher:
    """Collects readers until the trip they share is sent.

    Args:
        submit: Queues a trip; it is sent in a later iteration of the event loop.
        max_keys: Most keys of one MGET, so that one trip holds up neither Redis nor the loop.
        new_trip: Makes an empty trip.
    """

    def __init__(
        self,
        submit: Callable[[RoundTrip], None],
        max_keys: int = MAX_KEYS,
        new_trip: Callable[[], ReadRoundTrip] = ReadRoundTrip,
    ) -> None:
        self._submit = submit
        self._new_trip = new_trip
        self._max_keys = max_keys
        self._open: ReadRoundTrip | None = None

    def read(self, keys: tuple[str, ...]) -> asyncio.Future[StoreReading]:
        """Join the open trip, or begin one."""
        trip = self._open
        if trip is not None and not trip.closed and trip.asked + len(keys) <= self._max_keys:
            return trip.join(keys)
        trip = self._open = self._new_trip()
        reader = trip.join(keys)
        self._submit(trip)  # it may be refused at once, which its reader is then told
        return reader
