"""From a URL to a store."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from monitor.cache.memory_store import MemoryStore
from monitor.cache.observer import CacheObserver
from monitor.cache.redis_connection import dial
from monitor.cache.redis_store import TIMEOUT_S, RedisStore
from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.errors import ConfigurationError

_SCHEMES = "memory://, redis://, rediss:// or unix://"


def open_store(
    url: str,
    *,
    clock: Clock,
    observer: CacheObserver,
    timeout_s: float = TIMEOUT_S,
    connect_timeout_s: float = 1.0,
) -> Store:
    """Return the store that `url` names; it connects at its first call.

    Args:
        url: `memory://`, `redis://[user:password@]host:port/db`, `rediss://...` with TLS, `unix://path`.
        clock: Time.
        observer: Told each round trip.
        timeout_s: Longest any call takes.
        connect_timeout_s: Longest an attempt to connect goes on behind the calls that wait for it.

    Raises:
        ConfigurationError: The scheme is not one of these.
    """
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        return MemoryStore(clock)
    if scheme in ("redis", "rediss", "unix"):
        return RedisStore(partial(dial, url, connect_timeout_s), observer, clock, timeout_s=timeout_s)
    raise ConfigurationError("CACHE_URL", f"the scheme must be {_SCHEMES}")
