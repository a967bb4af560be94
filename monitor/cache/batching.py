"""Reads of one event-loop tick travel as one MGET."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from monitor.cache.store import Reading
from monitor.cache.trip import Trip
from monitor.errors import StoreUnavailable

MAX_KEYS = 4_096


class ReadTrip(Trip):
    """One MGET on behalf of many readers; a key that several ask for travels once."""

    __slots__ = ("_places", "_waiting")

    def __init__(self) -> None:
        super().__init__("read")
        self._places: dict[str, int] = {}
        self._waiting: list[tuple[asyncio.Future[Reading], list[int]]] = []

    @property
    def keys(self) -> int:
        """How many keys it carries."""
        return len(self._places)

    def join(self, keys: Sequence[str], reader: asyncio.Future[Reading]) -> None:
        """Let `reader` have the values of `keys` from this trip; only before it is sent."""
        places = self._places
        self._waiting.append((reader, [places.setdefault(key, len(places)) for key in keys]))

    @property
    def commands(self) -> Sequence[tuple[Any, ...]]:
        return (("MGET", *self._places),)

    def land(self, replies: Sequence[Any], incarnation: str) -> None:
        values = replies[0]
        sent_at = self.sent_at
        for reader, places in self._waiting:
            if not reader.done():
                reader.set_result(Reading([values[place] for place in places], incarnation, sent_at))

    def fail(self, reason: str) -> None:
        for reader, _ in self._waiting:
            if not reader.done():
                reader.set_exception(StoreUnavailable("read", reason))

    def size(self, replies: Sequence[Any]) -> int:
        return sum(map(len, filter(None, replies[0])))


class Batcher:
    """Collects readers until the trip they share is sent.

    Args:
        submit: Queues a trip; it is sent in a later iteration of the event loop.
        max_keys: Most keys of one MGET, so that one trip holds up neither Redis nor the loop.
    """

    def __init__(self, submit: Callable[[Trip], None], max_keys: int = MAX_KEYS) -> None:
        self._submit = submit
        self._max_keys = max_keys
        self._open: ReadTrip | None = None

    def read(self, keys: Sequence[str]) -> asyncio.Future[Reading]:
        """Join the open trip, or begin one."""
        reader: asyncio.Future[Reading] = asyncio.get_running_loop().create_future()
        trip = self._open
        if trip is None or trip.closed or trip.keys + len(keys) > self._max_keys:
            trip = self._open = ReadTrip()
            trip.join(keys, reader)
            self._submit(trip)
        else:
            trip.join(keys, reader)
        return reader
