"""The store of one process: tests, small installations, and a service without Redis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from secrets import token_hex

from monitor.cache.store import StoreReading
from monitor.clock import Clock

_OVERHEAD = 200  # bytes of Python around one key and value, measured with tracemalloc


class MemoryStore:
    """Keeps the contract of `Store` in a dict, bounded in bytes; the least recently written goes first.

    Args:
        clock: Time for expiry.
        max_bytes: Bound on keys and values together.
    """

    signals: None = None

    def __init__(self, clock: Clock, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._held: dict[str, tuple[bytes, float]] = {}
        self._bytes = 0
        self._incarnation = token_hex(20)

    @property
    def size(self) -> int:
        """Bytes held, overhead included."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._held)

    async def read(self, keys: tuple[str, ...]) -> StoreReading:
        now = self._clock.monotonic()
        return StoreReading([self._get(key, now) for key in keys], self._incarnation, now)

    async def write(self, key: str, value: bytes, ttl_s: float) -> None:
        self._set(key, value, ttl_s)

    async def write_if_absent(self, values: Mapping[str, bytes], ttl_s: float) -> Mapping[str, bytes]:
        now = self._clock.monotonic()
        held: dict[str, bytes] = {}
        for key, value in values.items():
            there = self._get(key, now)
            if there is None:
                self._set(key, value, ttl_s)
            held[key] = value if there is None else there
        return held

    async def replace(self, values: Mapping[str, bytes], ttl_s: float) -> str:
        for key, value in values.items():
            self._set(key, value, ttl_s)
        return self._incarnation

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._drop(key)

    async def ping(self) -> str:
        return self._incarnation

    async def prove_writable(self) -> str:
        return self._incarnation

    async def reconnect(self) -> None:
        """Do nothing: there is no connection."""

    async def aclose(self) -> None:
        self._held.clear()
        self._bytes = 0

    def _get(self, key: str, now: float) -> bytes | None:
        held = self._held.get(key)
        if held is None:
            return None
        if held[1] <= now:
            self._drop(key)
            return None
        return held[0]

    def _set(self, key: str, value: bytes, ttl_s: float) -> None:
        self._drop(key)
        self._held[key] = (value, self._clock.monotonic() + ttl_s)
        self._bytes += _cost(key, value)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._held)))

    def _drop(self, key: str) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._bytes -= _cost(key, held[0])


def _cost(key: str, value: bytes) -> int:
    return len(key) + len(value) + _OVERHEAD
