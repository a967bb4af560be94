"""Generations: random tokens under which entries are sealed; a write replaces them.

Random and never counted: a counter that is evicted starts again and revives what it had
made stale. A token is read before the load's database transaction begins, so that a row
older than the token's write can never be stored under it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

from monitor.cache.keys import TENANT_PREFIX, generation_keys
from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.errors import StoreUnavailable
from monitor.scopes import CacheScope

_RANDOM_BYTES = 16
_BORN = struct.Struct(">d")
TOKEN_BYTES = _RANDOM_BYTES + _BORN.size
_EPOCH = struct.Struct(">Q")
_BORN_START = _EPOCH.size + _RANDOM_BYTES
STAMP_BYTES = _EPOCH.size + 2 * TOKEN_BYTES
_pack_epoch = _EPOCH.pack


def stamp(epoch: int, own: bytes, bulk: bytes) -> bytes:
    """Return what an entry is sealed under: the epoch and every generation it depends on."""
    return _pack_epoch(epoch) + own + bulk


def born_at(stamp: bytes) -> float:
    """Return when the own generation in a stamp was made, in seconds since the epoch of time."""
    born: float = _BORN.unpack_from(stamp, _BORN_START)[0]
    return born


class Generations:
    """Reads missing generations into being, and replaces those of a write.

    Args:
        store: Where they live.
        clock: Time of their birth, for the metric of their age.
        ttl_s: How long an unused one is kept; its loss costs misses, never a stale answer.
    """

    def __init__(
        self, store: Store, clock: Clock, ttl_s: float = 7 * 86_400.0, prefix: str = TENANT_PREFIX
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._clock = clock
        self._ttl_s = ttl_s

    def fresh(self) -> bytes:
        return os.urandom(_RANDOM_BYTES) + _BORN.pack(self._clock.time())

    async def complete(self, keys: Sequence[str], found: Sequence[bytes | None]) -> tuple[bytes, ...]:
        """Return the tokens of `keys`, of which `found` were there; missing ones come into being.

        Whoever stores first wins and all others take that token, so no comparison is needed.

        Raises:
            StoreUnavailable: The store failed, or holds something that is no token.
        """
        missing = {key: self.fresh() for key, token in zip(keys, found, strict=True) if token is None}
        made = await self._store.write_if_absent(missing, self._ttl_s) if missing else {}
        tokens = tuple(made[key] if token is None else token for key, token in zip(keys, found, strict=True))
        if any(len(token) != TOKEN_BYTES for token in tokens):
            raise StoreUnavailable("read", "protocol")
        return tokens

    async def replace(self, scopes: Sequence[CacheScope]) -> str:
        """Give every generation of the scopes a fresh token in one round trip; return the incarnation.

        A token is never sent twice: a repeated SET of a token that another writer has replaced
        would bring the replaced entries back.

        Raises:
            StoreUnavailable: Not every one was answered; some may have run.
        """
        keys = dict.fromkeys(key for scope in scopes for key in generation_keys(*scope, self._prefix))
        return await self._store.replace({key: self.fresh() for key in keys}, self._ttl_s)
