"""One round trip that finds an entry and the generations it must have been stored under."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from monitor.cache.admission import Admission
from monitor.cache.cache_observer import CacheLayer, CacheObserver
from monitor.cache.entry import Entry
from monitor.cache.generations import TOKEN_BYTES, Generations, stamp
from monitor.cache.keys import CacheKey
from monitor.cache.near_cache import NearCache, NearEntry
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.sealer import Sealer, opened
from monitor.cache.store import Store, StoreReading
from monitor.errors import StoreUnavailable

_NEAR, _STORE = CacheLayer.NEAR, CacheLayer.STORE
_new = tuple.__new__  # builds what is built for every lookup, at half the cost of its own constructor


class FoundEntry(NamedTuple):
    """What a read of the store found; a load behind it may store under what was seen (`loading.Sight`).

    Attributes:
        stamp: Epoch and generations.
        epoch: The epoch in the stamp.
        sent_at: Monotonic time at which the read of the generations was sent.
        entry: The entry stored under them, expired or not; None: there is none.
        layer: Where the entry came from.
    """

    stamp: bytes
    epoch: int
    sent_at: float
    entry: Entry | None
    layer: CacheLayer


class EntryReader:
    """Reads entries from the near cache, validated, and from the store.

    Attributes:
        read: The store's own: what a near entry needs is its generations, without one the value too.

    Args:
        store: The shared store.
        generations: Brings missing ones into being.
        sealer: Opens what the store holds.
        near: The near cache, if there is one.
        admission: Knows the incarnation that an epoch stands for.
        observer: Told entries that do not open.
    """

    def __init__(
        self,
        *,
        store: Store,
        generations: Generations,
        sealer: Sealer,
        near: NearCache[Any] | None,
        admission: Admission,
        observer: CacheObserver,
    ) -> None:
        self.read: Callable[[tuple[str, ...]], Awaitable[StoreReading]] = store.read
        self._generations = generations
        self._sealer = sealer
        self._near = near
        self._admission = admission
        self._observer = observer
        self._last: tuple[StoreReading, CacheKey, FoundEntry] | None = None

    async def find(self, policy: CachePolicy, key: CacheKey, epoch: int) -> FoundEntry:
        """Return what is stored for `key` under `epoch`.

        Raises:
            StoreUnavailable: The store failed, or another incarnation than the epoch's answered.
        """
        near = None if policy.near is NearMode.OFF else self._near
        held = None if near is None else near.get(key)
        reading = await self.read(key.read_keys if held is None else key.generation_keys)
        return self.found(key, epoch, reading, near, held) or await self.find_more(key, epoch, reading, near)

    def found(
        self,
        key: CacheKey,
        epoch: int,
        reading: StoreReading,
        near: NearCache[Any] | None,
        held: NearEntry[Any] | None,
    ) -> FoundEntry | None:
        """Make out what a reading found; None: go on with `find_more`.

        It needs no coroutine of its own, which a hit would pay for.

        Raises:
            StoreUnavailable: Another incarnation than the epoch's answered.
        """
        values, incarnation, sent_at = reading
        if not self._admission.recognises(epoch, incarnation):
            raise StoreUnavailable("read", "incarnation")
        last = self._last
        # Those who asked for one key in one trip share its reading, and come here one after the other.
        if last is not None and last[0] is reading and last[1] is key and last[2].epoch == epoch:
            return last[2]
        own, bulk = values[0], values[1]
        if own is None or bulk is None or not len(own) == len(bulk) == TOKEN_BYTES:
            return None
        seen = stamp(epoch, own, bulk)
        if held is not None and near is not None:
            held.sighting = near.sight(key, seen, sent_at)
            return _new(FoundEntry, (seen, epoch, sent_at, held.entry, _NEAR)) if held.stamp == seen else None
        found = self._opened(key, seen, epoch, sent_at, values[2], near)
        self._last = (reading, key, found)
        return found

    async def find_more(
        self, key: CacheKey, epoch: int, reading: StoreReading, near: NearCache[Any] | None
    ) -> FoundEntry:
        """Bring missing generations into being, or fetch the value, where one trip was not enough.

        Raises:
            StoreUnavailable: The store failed, or another incarnation than the epoch's answered.
        """
        if len(reading.values) == len(key.generation_keys):
            reading = await self.read(key.read_keys)
            if not self._admission.recognises(epoch, reading.incarnation):
                raise StoreUnavailable("read", "incarnation")
        own, bulk = await self._generations.complete(key.generation_keys, reading.values[:2])
        return self._opened(key, stamp(epoch, own, bulk), epoch, reading.sent_at, reading.values[2], near)

    def _opened(
        self,
        key: CacheKey,
        seen: bytes,
        epoch: int,
        sent_at: float,
        sealed: bytes | None,
        near: NearCache[Any] | None,
    ) -> FoundEntry:
        entry = opened(self._sealer, self._observer, key, seen, sealed)
        if near is not None and entry is not None:
            near.put(key, entry, seen, epoch, sent_at)
        return _new(FoundEntry, (seen, epoch, sent_at, entry, _STORE))
