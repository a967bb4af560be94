"""How fast are hits, misses and invalidations, with everything on that the service has on?"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time

import redis.asyncio as redis_asyncio
import uvloop

from benchmarks.cache_harness import (
    VALUE,
    TracedRequest,
    machine,
    measurements,
    our_cache,
    percentile,
    rate,
    redis,
    service_tracing,
)
from benchmarks.cache_rivals import NAMES, quiet, rival
from monitor.cache.keys import make_key
from monitor.cache.lookup import Loaded
from monitor.cache.policy import NearMode
from monitor.clock import SystemClock
from monitor.scopes import CacheScope
from monitor.tenancy.context import bind, push
from monitor.tenancy.identity import TenantId

CALLERS = 1_000
CLOCK = SystemClock()
TENANTS = 20
QUICK = "--quick" in sys.argv
SECONDS = 0.5 if QUICK else 2.0
SIZES = (1, 1_000) if QUICK else (1, 1_000, 100_000)


async def load():
    return Loaded(VALUE)


def keys():
    return [make_key(1 + number % TENANTS, "contacts", "list", f"page_{number}") for number in range(CALLERS)]


async def hits(url, observer, tracing=None):
    """Return hits a second and CPU microseconds a hit, with 1,000 callers on distinct keys."""
    cache = our_cache(url, observer, tracer=tracing and tracing.tracer, timeout_s=2.0)
    all_keys = keys()

    def make_call(number):
        key = all_keys[number]
        push(key.tenant)
        if tracing is None:
            return lambda: cache.get_or_load(key, load)
        request = TracedRequest(tracing, CLOCK)
        return lambda: request.around(lambda: cache.get_or_load(key, load))

    async def once(number):
        return (await make_call(number)()).result.value

    await asyncio.gather(*(once(number) for number in range(CALLERS)))
    await asyncio.sleep(0.2)
    found = await asyncio.gather(*(once(number) for number in range(CALLERS)))
    if found.count("hit") != CALLERS:
        raise RuntimeError("the cache is not warm")
    runs = [await rate(CALLERS, make_call, SECONDS) for _ in range(3)]
    await cache.aclose()
    return max(runs)


async def one_caller_us(url, observer, mode):
    """Return microseconds of a near hit, called one after the other."""
    cache = our_cache(url, observer, near=mode, timeout_s=2.0)
    key = keys()[0]
    with bind(key.tenant):
        for _ in range(3):
            await cache.get_or_load(key, load)
            await asyncio.sleep(0.05)
        await cache.get_or_load(key, load)
        spent, calls = 0.0, 0
        while calls < 300_000:
            await asyncio.sleep(0)
            await cache.get_or_load(key, load)  # renews the lease, uncounted
            began = time.perf_counter()
            for _ in range(2_000):
                await cache.get_or_load(key, load)
            spent += time.perf_counter() - began
            calls += 2_000
    await cache.aclose()
    return spent / calls * 1e6


async def misses_per_s(url, observer):
    cache = our_cache(url, observer, timeout_s=2.0)
    serial = itertools.count()

    def make_call(_):
        push(TenantId(1))
        return lambda: cache.get_or_load(make_key(1, "contacts", "list", f"miss_{next(serial)}"), load)

    speed, _ = await rate(CALLERS, make_call, SECONDS)
    await cache.aclose()
    return speed


async def invalidate_us(url, observer, size):
    """Return the median microseconds to invalidate a domain that has `size` keys."""
    cache = our_cache(url, observer, timeout_s=5.0)
    tenant = TenantId(1_000 + size)
    scope = CacheScope(tenant, "contacts")
    with bind(tenant):
        for start in range(0, size, 500):
            await asyncio.gather(
                *(
                    cache.get_or_load(make_key(tenant, "contacts", "list", f"page_{number}"), load)
                    for number in range(start, min(start + 500, size))
                )
            )
        await asyncio.sleep(0.5)
        spent = []
        for _ in range(200):
            began = time.perf_counter()
            refreshed = await cache.refresh([scope])
            spent.append((time.perf_counter() - began) * 1e6)
            if not refreshed.confirmed:
                raise RuntimeError("an invalidation was not confirmed")
    await cache.aclose()
    return percentile(spent, 0.5)


async def ours(url, counted):
    observer = counted.cache
    per_s, cpu_us = await hits(url, observer)
    return {
        "hits_per_s": round(per_s),
        "hit_cpu_us": round(cpu_us, 1),
        "traced_hits_per_s": round(await traced_hits_per_s(url, counted)),
        "near_hit_us": round(await one_caller_us(url, observer, NearMode.LEASED), 2),
        "misses_per_s": round(await misses_per_s(url, observer)),
        "invalidate_us": {str(size): round(await invalidate_us(url, observer, size)) for size in SIZES},
    }


async def traced_hits_per_s(url, counted):
    """Return hits a second, each in a request's trace with its span, by the tracer of the service."""
    tracing = service_tracing(counted, CLOCK)
    per_s, _ = await hits(url, counted.cache, tracing)
    await tracing.aclose()
    return per_s


async def best(callers, make_call):
    return max([await rate(callers, make_call, SECONDS) for _ in range(3)])


async def rival_hits(name, url):
    cache = rival(name, url)
    fetch = cache.fetcher(rival_load)

    async def warm(number):
        await fetch(f"page_{number}")

    for start in range(0, CALLERS, 100):
        await asyncio.gather(*(warm(number) for number in range(start, start + 100)))
    made = await best(CALLERS, lambda number: lambda: fetch(f"page_{number}"))
    await cache.aclose()
    return made


async def rival_near_us(name, url):
    if name != "cashews":
        return None
    cache = rival(name, url, near=True)
    fetch = cache.fetcher(rival_load)
    for _ in range(3):
        await fetch("page_1")
        await asyncio.sleep(0.1)
    began = time.perf_counter()
    for _ in range(50_000):
        await fetch("page_1")
    spent = time.perf_counter() - began
    await cache.aclose()
    return round(spent / 50_000 * 1e6, 2)


async def rival_misses_per_s(name, url):
    cache = rival(name, url)
    fetch = cache.fetcher(rival_load)
    serial = itertools.count()
    per_s, _ = await rate(CALLERS, lambda _: lambda: fetch(f"miss_{next(serial)}"), SECONDS)
    await cache.aclose()
    return round(per_s)


async def rival_invalidate_us(name, url, size, server):
    server.ask("FLUSHALL")
    cache = rival(name, url)
    fetch = cache.fetcher(rival_load)
    names = [f"page_{number}" for number in range(size)]
    spent = []
    for _ in range(3 if size > 1 else 20):
        for start in range(0, size, 200):
            await asyncio.gather(*(fetch(key) for key in names[start : start + 200]))
        began = time.perf_counter()
        await cache.invalidate(names)
        spent.append((time.perf_counter() - began) * 1e6)
        if size > 10_000:
            break
    await cache.aclose()
    return round(percentile(spent, 0.5))


async def rival_load(_key):
    return VALUE


async def measured(name, server):
    url = server.url
    per_s, cpu_us = await rival_hits(name, url)
    return {
        "hits_per_s": round(per_s),
        "hit_cpu_us": round(cpu_us, 1),
        "near_hit_us": await rival_near_us(name, url),
        "misses_per_s": await rival_misses_per_s(name, url),
        "invalidate_us": {str(size): await rival_invalidate_us(name, url, size, server) for size in SIZES},
    }


async def redis_py(url):
    """Return what the client itself does, one GET at a time for each caller."""
    client = redis_asyncio.Redis.from_url(url, max_connections=CALLERS)
    names = [key.physical for key in keys()]
    for name in names:
        await client.set(name, VALUE)
    per_s, cpu_us = await best(CALLERS, lambda number: lambda: client.get(names[number]))
    await client.aclose()
    return {"hits_per_s": round(per_s), "hit_cpu_us": round(cpu_us, 1)}


async def main():
    quiet()
    with redis() as server, measurements() as counted:
        result = {"ours": await ours(server.url, counted)}
        server.ask("FLUSHALL")
        result["redis-py one by one"] = await redis_py(server.url)
        for name in NAMES:
            server.ask("FLUSHALL")
            result[name] = await measured(name, server)
    mine, theirs = result["ours"], result["redis-py one by one"]
    result["ratios"] = {
        "hits against redis-py one by one": round(mine["hits_per_s"] / theirs["hits_per_s"], 1),
        "CPU of a hit against redis-py's": round(mine["hit_cpu_us"] / theirs["hit_cpu_us"], 3),
    }
    result["bars"] = {"hits_per_s": 100_000, "times redis-py": 8, "near_hit_us": 3}
    result["machine"] = machine()
    print(json.dumps(result))


if __name__ == "__main__":
    uvloop.run(main())
