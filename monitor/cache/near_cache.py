"""The near cache: entries in the process, bounded in bytes, good only as long as their generations.

Every entry remembers the stamp (epoch and generations) it was opened under. All entries of
a scope share one sighting: the stamp that the last read of the generations found, and when
that read was sent. An entry is valid against a sighting of its own stamp.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from monitor.cache.entry import Entry
from monitor.cache.keys import CacheKey
from monitor.scopes import CacheScope

LEASE_S = 0.03
_OVERHEAD = 600  # bytes of Python around one entry, its key included, measured with tracemalloc

Scope = tuple[int, str, str | None]
Prepared = TypeVar("Prepared")
"""What a reader makes of a value once, to answer faster the next time; it shares the value's bytes."""


class Sighting:
    """What the generations of a scope last were.

    Attributes:
        stamp: Epoch and generations.
        sent_at: Monotonic time at which the read that found them was sent.
        asked_at: When a caller last went to ask for them again.
    """

    __slots__ = ("__weakref__", "asked_at", "sent_at", "stamp")

    def __init__(self, stamp: bytes, sent_at: float) -> None:
        self.stamp: bytes = stamp
        self.sent_at: float = sent_at
        self.asked_at: float = sent_at


class NearEntry(Generic[Prepared]):
    """An entry in the process.

    Attributes:
        entry: The opened entry.
        stamp: What it was sealed under.
        epoch: The epoch in the stamp.
        sighting: The scope's, shared.
        used: Whether it was asked for since it was stored or last spared.
        prepared: What the reader made of the value; None before it did.
    """

    __slots__ = ("entry", "epoch", "prepared", "sighting", "stamp", "used")

    def __init__(self, entry: Entry, stamp: bytes, epoch: int, sighting: Sighting) -> None:
        self.entry: Entry = entry
        self.stamp: bytes = stamp
        self.epoch: int = epoch
        self.sighting: Sighting = sighting
        self.used: bool = False
        self.prepared: Prepared | None = None


class NearCache(Generic[Prepared]):
    """A bounded dict with second-chance eviction (CLOCK): a hit costs one dict look-up and one flag.

    Args:
        max_bytes: Bound on values, keys and overhead together.
        lease_s: How long a sighting vouches for its entries in the modes leased and bounded,
            counted from when the read was sent; leased writers wait as long.
        sized: Told the number of entries and bytes after each change.
    """

    def __init__(
        self,
        max_bytes: int = 32 * 1024 * 1024,
        lease_s: float = LEASE_S,
        sized: Callable[[int, int], None] | None = None,
    ) -> None:
        self.lease_s = lease_s
        self._max_bytes = max_bytes
        self._sized = sized
        self._entries: dict[str, NearEntry[Prepared]] = {}
        self._sightings: WeakValueDictionary[Scope, Sighting] = WeakValueDictionary()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes held, overhead included."""
        return self._bytes

    def get(self, key: CacheKey) -> NearEntry[Prepared] | None:
        """Return what is held for `key`, valid or not; the caller compares the stamp."""
        held = self._entries.get(key)
        if held is not None:
            held.used = True
        return held

    def leased(self, key: CacheKey, epoch: int, now: float) -> NearEntry[Prepared] | None:
        """Return what is held for `key` if a sighting no older than the lease vouches for it."""
        held = self._entries.get(key)
        if held is None or held.epoch != epoch:
            return None
        sighting = held.sighting
        if now - sighting.sent_at >= self.lease_s or sighting.stamp != held.stamp:
            return None
        held.used = True
        return held

    def put(self, key: CacheKey, entry: Entry, stamp: bytes, epoch: int, sent_at: float) -> None:
        """Hold `entry`, opened under `stamp` by a read that was sent at `sent_at`."""
        self._remove(key)
        self._entries[key] = NearEntry(entry, stamp, epoch, self.sight(key, stamp, sent_at))
        self._bytes += _cost(key, entry)
        while self._bytes > self._max_bytes:
            self._evict()
        self._tell()

    def sight(self, key: CacheKey, stamp: bytes, sent_at: float) -> Sighting:
        """Note what a read sent at `sent_at` found the generations of the key's scope to be."""
        scope = (key.tenant, key.domain, key.entity)
        sighting = self._sightings.get(scope)
        if sighting is None:
            sighting = self._sightings[scope] = Sighting(stamp, sent_at)
        elif sent_at > sighting.sent_at:
            sighting.stamp, sighting.sent_at = stamp, sent_at
        return sighting

    def forget(self, scope: CacheScope) -> None:
        """Stop vouching for what a write of this worker makes stale; strictness does not rest on it."""
        for entity in {None, scope.entity}:
            sighting = self._sightings.get((scope.tenant, scope.domain, entity))
            if sighting is not None:
                sighting.stamp = b""

    def drop(self, key: CacheKey) -> None:
        """Remove one entry."""
        self._remove(key)
        self._tell()

    def clear(self) -> None:
        """Remove everything."""
        self._entries.clear()
        self._bytes = 0
        self._tell()

    def _evict(self) -> None:
        key = next(iter(self._entries))
        held = self._entries[key]
        if held.used:
            # Spared once: it goes to the back of the queue and must be asked for again.
            held.used = False
            self._entries[key] = self._entries.pop(key)
        else:
            self._remove(key)

    def _remove(self, key: str) -> None:
        held = self._entries.pop(key, None)
        if held is not None:
            self._bytes -= _cost(key, held.entry)

    def _tell(self) -> None:
        if self._sized is not None:
            self._sized(len(self._entries), self._bytes)


def _cost(key: str, entry: Entry) -> int:
    return len(key) + len(entry.value) + _OVERHEAD
