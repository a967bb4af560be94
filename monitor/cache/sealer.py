"""How entries are closed for the store and opened again, whoever does it."""

from __future__ import annotations

from typing import Protocol

from monitor.cache.cache_observer import CacheObserver
from monitor.cache.entry import Entry, decode
from monitor.cache.generations import STAMP_BYTES
from monitor.cache.keys import CacheKey
from monitor.errors import EntryRejected


class Sealer(Protocol):
    """Closes entries for the store and opens them again."""

    def seal(self, key: CacheKey, stamp: bytes, plain: bytes) -> bytes:
        """Close `plain` for `key` under `stamp` (epoch and generations)."""
        ...

    def open(self, key: CacheKey, stamp: bytes, sealed: bytes) -> bytes | None:
        """Open what was closed for `key` under `stamp`; None if it is genuine and of another stamp.

        Raises:
            EntryRejected: The bytes are not what this service stored under this key.
        """
        ...


class StampingSealer:
    """Closes nothing: the stamp stands before the entry as it is.

    For a store in the process's own memory, which nobody else writes and nobody reads who cannot read
    the secret of a seal beside it.
    """

    def seal(self, key: CacheKey, stamp: bytes, plain: bytes) -> bytes:  # noqa: ARG002 - a seal's signature
        return stamp + plain

    def open(self, key: CacheKey, stamp: bytes, sealed: bytes) -> bytes | None:  # noqa: ARG002 - the same
        return sealed[STAMP_BYTES:] if sealed.startswith(stamp) else None


def opened(
    sealer: Sealer, observer: CacheObserver | None, key: CacheKey, stamp: bytes, sealed: bytes | None
) -> Entry | None:
    """Open an entry; None if there is none, it is outdated, or it was rejected, which `observer` is told."""
    if sealed is None:
        return None
    try:
        plain = sealer.open(key, stamp, sealed)
        return None if plain is None else decode(plain)
    except EntryRejected as rejected:
        if observer is not None:
            observer.entry_rejected(key.domain, rejected.reason)
        return None
