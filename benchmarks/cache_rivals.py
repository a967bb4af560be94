"""The rivals behind one face, each with the settings that its documentation recommends for the job."""

from __future__ import annotations

import asyncio
import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from aiocache import Cache as AiocacheCache
from aiocache import cached, cached_stampede
from aiocache.serializers import PickleSerializer
from cashews import Cache as CashewsCache
from dogpile.cache import make_region
from fastapi_cache import FastAPICache as Front
from fastapi_cache.backends.redis import RedisBackend
from fastapi_cache.coder import PickleCoder
from fastapi_cache.decorator import cache as fastapi_cached
from redis.asyncio import Redis

NAMES = ("cashews", "aiocache", "fastapi-cache2", "dogpile.cache")
TTL_S = 300
DOMAIN = "contacts"


class Cashews:
    """`@cache` with a tag for the domain; `near` switches client-side caching on."""

    def __init__(self, url, *, near=False, timeout_s=None, lock=False):
        self._cache = CashewsCache()
        options = {"client_side": True} if near else {}
        if timeout_s is not None:
            options |= {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
        self._cache.setup(url, max_connections=1_000, **options)
        self._lock = lock

    def fetcher(self, load):
        @self._cache(ttl=TTL_S, key=DOMAIN + ":{key}", tags=[DOMAIN], lock=self._lock)
        async def fetch(key):
            return await load(key)

        return fetch

    async def invalidate(self, _keys):
        await self._cache.delete_tags(DOMAIN)

    async def aclose(self):
        await self._cache.close()


class Aiocache:
    """`@cached`, or `@cached_stampede` where loads must be one; the domain is a namespace."""

    def __init__(self, url, *, timeout_s=None, lock=False, **_):
        parts = urlsplit(url)
        self._options = {
            "endpoint": parts.hostname,
            "port": parts.port,
            "namespace": DOMAIN,
            "pool_max_size": 1_000,
            "timeout": timeout_s or 5,
        }
        self._cache = AiocacheCache(AiocacheCache.REDIS, serializer=PickleSerializer(), **self._options)
        self._lock = lock

    def fetcher(self, load):
        options = {
            "ttl": TTL_S,
            "cache": AiocacheCache.REDIS,
            "serializer": PickleSerializer(),
            "key_builder": lambda _function, key: key,
            **self._options,
        }
        decorate = cached_stampede(lease=2, **options) if self._lock else cached(**options)

        @decorate
        async def fetch(key):
            return await load(key)

        self._fetch = fetch
        return fetch

    async def invalidate(self, _keys):
        await self._cache.clear(namespace=DOMAIN)

    async def aclose(self):
        await self._cache.close()
        await self._fetch.cache.close()


class FastapiCache:
    """`@cache` on a Redis backend; the domain is a namespace."""

    def __init__(self, url, *, timeout_s=None, **_):
        options = {} if timeout_s is None else {"socket_timeout": timeout_s}
        self._redis = Redis.from_url(url, max_connections=1_000, **options)
        Front.reset()
        Front.init(RedisBackend(self._redis), prefix="bench")

    def fetcher(self, load):
        def key_of(_function, namespace, *, args, **_):
            return f"{namespace}:{args[0]}"

        @fastapi_cached(expire=TTL_S, namespace=DOMAIN, coder=PickleCoder, key_builder=key_of)
        async def fetch(key: str):
            return await load(key)

        return fetch

    async def invalidate(self, _keys):
        await Front.clear(namespace=DOMAIN)

    async def aclose(self):
        await self._redis.aclose()


class Dogpile:
    """A Redis region in threads: dogpile.cache has no asyncio."""

    def __init__(self, url, *, timeout_s=None, lock=False, **_):
        options = {"url": url, "distributed_lock": lock, "redis_expiration_time": TTL_S}
        if lock:
            options |= {"lock_timeout": 2, "thread_local_lock": False}
        if timeout_s is not None:
            options |= {"socket_timeout": timeout_s}
        self._region = make_region().configure(
            "dogpile.cache.redis", expiration_time=TTL_S, arguments=options
        )
        self._threads = ThreadPoolExecutor(80)  # its connection pool has 100 connections

    def fetcher(self, load):
        loop = asyncio.get_running_loop()

        async def fetch(key):
            def create():
                return asyncio.run_coroutine_threadsafe(load(key), loop).result()

            return await loop.run_in_executor(self._threads, self._region.get_or_create, key, create)

        return fetch

    async def invalidate(self, keys):
        await asyncio.get_running_loop().run_in_executor(self._threads, self._region.delete_multi, keys)

    async def aclose(self):
        self._threads.shutdown(wait=False, cancel_futures=True)


def quiet():
    """Keep the rivals' warnings and log lines out of the result."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


MAKERS = dict(zip(NAMES, (Cashews, Aiocache, FastapiCache, Dogpile), strict=True))


def rival(name, url, **options):
    """Open the rival called `name`."""
    return MAKERS[name](url, **options)
