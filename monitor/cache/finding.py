"""One round trip that finds an entry and the generations it must have been stored under."""

from __future__ import annotations

from typing import NamedTuple

from monitor.cache.admission import Admission
from monitor.cache.entry import Entry
from monitor.cache.generations import TOKEN_BYTES, Generations, stamp
from monitor.cache.keys import CacheKey
from monitor.cache.loading import Sight
from monitor.cache.near_cache import NearCache
from monitor.cache.observer import CacheLayer, CacheObserver
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.sealing import Sealer, opened
from monitor.cache.store import Reading, Store
from monitor.errors import StoreUnavailable

_NEAR, _STORE = CacheLayer.NEAR, CacheLayer.STORE


class Found(NamedTuple):
    """What a read of the store found.

    Attributes:
        sight: The epoch and generations, under which a load may store.
        entry: The entry stored under them, expired or not; None: there is none.
        layer: Where the entry came from.
    """

    sight: Sight
    entry: Entry | None
    layer: CacheLayer


class Finder:
    """Reads entries from the near cache, validated, and from the store.

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
        near: NearCache | None,
        admission: Admission,
        observer: CacheObserver,
    ) -> None:
        self._store = store
        self._generations = generations
        self._sealer = sealer
        self._near = near
        self._admission = admission
        self._observer = observer

    async def find(self, policy: CachePolicy, key: CacheKey, epoch: int) -> Found:
        """Return what is stored for `key` under `epoch`.

        Raises:
            StoreUnavailable: The store failed, or another incarnation than the epoch's answered.
        """
        near = self._near
        if near is None or policy.near is NearMode.OFF:
            reading = await self._store.read(key.read_keys)
            sight = self._sight(epoch, reading) or await self._first_sight(key, epoch, reading)
            return Found(
                sight, opened(self._sealer, self._observer, key, sight.stamp, reading.values[2]), _STORE
            )
        held = near.get(key)
        if held is not None:
            reading = await self._store.read(key.generation_keys)
            sight = self._sight(epoch, reading) or await self._first_sight(key, epoch, reading)
            held.sighting = near.sight(key, sight.stamp, sight.sent_at)
            if held.stamp == sight.stamp:
                return Found(sight, held.entry, _NEAR)
        return await self._find_and_hold(near, key, epoch)

    async def _find_and_hold(self, near: NearCache, key: CacheKey, epoch: int) -> Found:
        reading = await self._store.read(key.read_keys)
        sight = self._sight(epoch, reading) or await self._first_sight(key, epoch, reading)
        entry = opened(self._sealer, self._observer, key, sight.stamp, reading.values[2])
        if entry is not None:
            near.put(key, entry, sight.stamp, epoch, sight.sent_at)
        return Found(sight, entry, _STORE)

    def _sight(self, epoch: int, reading: Reading) -> Sight | None:
        if not self._admission.recognises(epoch, reading.incarnation):
            raise StoreUnavailable("read", "incarnation")
        own, bulk = reading.values[:2]
        if own is None or bulk is None or len(own) != TOKEN_BYTES or len(bulk) != TOKEN_BYTES:
            return None
        return Sight(stamp(epoch, own, bulk), epoch, reading.sent_at)

    async def _first_sight(self, key: CacheKey, epoch: int, reading: Reading) -> Sight:
        own, bulk = await self._generations.complete(key.generation_keys, reading.values[:2])
        return Sight(stamp(epoch, own, bulk), epoch, reading.sent_at)
