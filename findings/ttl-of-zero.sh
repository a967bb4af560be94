#!/usr/bin/env bash
# Packages: cashews 7.6.0, aiocache 0.12.3, dogpile.cache 1.5.0, cachelib 0.17.0, diskcache 5.6.3, redis 5.3.1 (Python), redis-server 7 (on the PATH)
# Expected: a time to live of nothing is none: the entry is gone at once, as DNS, HTTP's max-age=0 and memory caches have
#   it, or it is refused, as SET with EX 0 is by Redis itself.
# Seen: cashews, cachelib, dogpile's Redis back end and aiocache in memory keep the entry for ever; aiocache on Redis
#   raises, diskcache lets it go at once. cachelib keeps -1 for ever on Redis and not at all in memory, and its None
#   is five minutes, where everywhere else None is for ever.
# Hurts: who computes the time ("what is left of the token", "max-age of the answer"): at zero a secret or a stale
#   answer is kept until somebody deletes it, and a test on the memory back end shows something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'cashews==7.6.0' 'aiocache==0.12.3' 'dogpile.cache==1.5.0' 'cachelib==0.17.0' 'diskcache==5.6.3' 'redis==5.3.1'

cat > look.py <<'PYTHON'
"""Store one entry with each time to live; say what is there a moment later."""

import asyncio
import socket
import subprocess
import tempfile
import time

import aiocache
import cachelib
import cashews
import diskcache
import redis
from dogpile.cache import make_region

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = subprocess.Popen(
    ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL
)
store = redis.Redis(port=port)


def left():
    """Say how long the only entry of the store has, and empty it."""
    rests = [store.ttl(key) for key in store.keys()]
    store.flushall()
    return "gone" if not rests else "for ever" if rests == [-1] else f"{rests[0]} s"


async def by_cashews(ttl):
    cache = cashews.Cache()
    cache.setup(f"redis://127.0.0.1:{port}")
    await cache.set("k", 1, expire=ttl)
    await cache.close()
    return left()


async def by_aiocache_redis(ttl):
    cache = aiocache.Cache(aiocache.Cache.REDIS, endpoint="127.0.0.1", port=port)
    try:
        await cache.set("k", 1, ttl=ttl)
    finally:
        await cache.close()
    return left()


async def by_aiocache_memory(ttl):
    cache = aiocache.Cache(aiocache.Cache.MEMORY)
    await cache.set("k", 1, ttl=ttl)
    await asyncio.sleep(0.05)
    return "gone" if await cache.get("k") is None else "kept"


async def by_dogpile(ttl):
    arguments = {"host": "127.0.0.1", "port": port, "redis_expiration_time": ttl}
    make_region().configure("dogpile.cache.redis", arguments=arguments).set("k", 1)
    return left()


async def by_cachelib_redis(ttl):
    cachelib.RedisCache("127.0.0.1", port).set("k", 1, timeout=ttl)
    return left()


async def by_cachelib_memory(ttl):
    cache = cachelib.SimpleCache()
    cache.set("k", 1, timeout=ttl)
    time.sleep(0.05)
    return "gone" if cache.get("k") is None else "kept"


async def by_diskcache(ttl):
    with tempfile.TemporaryDirectory() as folder, diskcache.Cache(folder) as cache:
        cache.set("k", 1, expire=ttl)
        time.sleep(0.05)
        return "gone" if cache.get("k") is None else "kept"


WRITERS = [by_cashews, by_aiocache_redis, by_aiocache_memory, by_dogpile]
WRITERS += [by_cachelib_redis, by_cachelib_memory, by_diskcache]
try:
    for _ in range(100):
        try:
            store.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.1)
    for write in WRITERS:
        outcomes = []
        for ttl in (0, None, -1):
            try:
                outcomes.append(f"{ttl}: {asyncio.run(write(ttl))}")
            except Exception as error:
                outcomes.append(f"{ttl}: {type(error).__name__}")
        print(write.__name__.removeprefix("by_"), ", ".join(outcomes))
finally:
    server.terminate()
    server.wait()
PYTHON

cat > expected.txt <<'SEEN'
cashews 0: for ever, None: for ever, -1: gone
aiocache_redis 0: ResponseError, None: for ever, -1: ResponseError
aiocache_memory 0: kept, None: kept, -1: gone
dogpile 0: for ever, None: for ever, -1: ResponseError
cachelib_redis 0: for ever, None: 300 s, -1: for ever
cachelib_memory 0: kept, None: kept, -1: gone
diskcache 0: gone, None: kept, -1: gone
SEEN
venv/bin/python look.py 2> errors.txt | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
