"""From a URL to a store."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from monitor.cache.cache_observer import CacheObserver
from monitor.cache.memory_store import MemoryStore
from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.errors import ConfigurationError
from monitor.redis.cluster_store import ClusterStore
from monitor.redis.cluster_topology import Topology, learn
from monitor.redis.multiplexer import Wire
from monitor.redis.redis_connection import dial, require_usable
from monitor.redis.redis_store import TIMEOUT_S, RedisStore
from monitor.redis.sentinel import SentinelDial
from monitor.redis.store_urls import Address, parse_store_url

_ONE_SERVER = ("redis", "rediss", "unix")
_SENTINELS = ("redis+sentinel", "rediss+sentinel")
_CLUSTER = ("redis+cluster", "rediss+cluster")


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
        url: `memory://`; `redis://[user:password@]host:port/db`, `rediss://...` with TLS,
            `unix://path`; `redis+sentinel://host:port,host:port/service/db`;
            `redis+cluster://host:port,host:port`; the last two with `rediss+` for TLS.
        clock: Time.
        observer: Told each round trip.
        timeout_s: Longest any call takes.
        connect_timeout_s: Longest an attempt to connect goes on behind the calls that wait for it.

    Raises:
        ConfigurationError: The scheme is not one of these, a part is missing, or an option is unknown.
    """
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        return MemoryStore(clock)
    if scheme in _ONE_SERVER:
        require_usable(url)
        return RedisStore(partial(dial, url, connect_timeout_s), observer, clock, timeout_s=timeout_s)
    if scheme in _SENTINELS:
        sentinels = parse_store_url(url)
        require_usable(sentinels.url_of(sentinels.hosts[0]))
        finder = SentinelDial(sentinels, connect_timeout_s)
        return RedisStore(finder.__call__, observer, clock, timeout_s=timeout_s)
    if scheme in _CLUSTER:
        return _cluster(url, clock, observer, timeout_s, connect_timeout_s)
    known = ", ".join(("memory", *_ONE_SERVER, *_SENTINELS, *_CLUSTER))
    raise ConfigurationError("CACHE_URL", f"the scheme must be one of {known}")


def _cluster(
    url: str, clock: Clock, observer: CacheObserver, timeout_s: float, connect_timeout_s: float
) -> ClusterStore:
    addresses = parse_store_url(url)
    require_usable(addresses.url_of(addresses.hosts[0]))

    async def learn_from(known: tuple[Address, ...]) -> Topology:
        return await learn(addresses, known, connect_timeout_s)

    async def dial_node(address: Address) -> Wire:
        return await dial(addresses.url_of(address), connect_timeout_s)

    return ClusterStore(learn_from, dial_node, observer, clock, timeout_s=timeout_s)
