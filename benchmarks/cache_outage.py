"""What does a hung Redis add to requests, at first and once it is known?

A thousand callers, each with a key of its own, ask twice a second. The source answers
in 200 ms. Redis is stopped by SIGSTOP and stays so. `p99_added_ms_first` is over requests
that began in the second before and after the stop, `p99_added_ms_open` over those that
began later: what they took beyond the source's own time, less what the same requests took
without any cache. A request that has no answer after ten seconds has failed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress

import structlog
import uvloop

from benchmarks.cache_harness import VALUE, machine, measurements, our_cache, percentile, redis
from benchmarks.cache_rivals import NAMES, quiet, rival
from monitor.cache.keys import make_key
from monitor.cache.lookup import Loaded
from monitor.garbage import spare_what_lasts
from monitor.tenancy.context import push

CALLERS = 200 if "--quick" in sys.argv else 1_000
PERIOD_S = 0.5
SOURCE_S = 0.2
STOP_AFTER_S = 1.0
OPEN_AFTER_S = 2.0
ENDS_AFTER_S = 6.0
GIVE_UP_S = 10.0


async def source(_key=None):
    await asyncio.sleep(SOURCE_S)
    return VALUE


async def our_load():
    return Loaded(await source())


async def traffic(make_call, stop):
    """Return (start, seconds or None) of every request; `stop` is called after STOP_AFTER_S."""
    began = time.perf_counter()
    requests = []

    async def caller(number):
        call = make_call(number)
        await asyncio.sleep(PERIOD_S * number / CALLERS)
        while (start := time.perf_counter() - began) < ENDS_AFTER_S:
            try:
                await asyncio.wait_for(call(), GIVE_UP_S)
                took = time.perf_counter() - began - start
            except Exception:  # noqa: BLE001 - whatever ended it, it has no answer
                took = None
            requests.append((start, took))
            await asyncio.sleep(max(0.0, PERIOD_S - (took or 0.0)))

    callers = [asyncio.ensure_future(caller(number)) for number in range(CALLERS)]
    await asyncio.sleep(STOP_AFTER_S)
    stop()
    await asyncio.wait(callers)
    return requests


def added(requests, first, last, base):
    took = [seconds for start, seconds in requests if first <= start < last and seconds is not None]
    beyond = [max(0.0, seconds - SOURCE_S) for seconds in took]
    return round((percentile(beyond, 0.99) - base) * 1e3, 2) if beyond else None


async def measured(server, make_call, base):
    async def warmed(number):
        await make_call(number)()

    for start in range(0, CALLERS, 100):
        some = (warmed(number) for number in range(start, start + 100))
        await asyncio.gather(*some, return_exceptions=True)
    await asyncio.sleep(0.5)
    requests = await traffic(make_call, server.pause)
    server.resume()
    return {
        "p99_added_ms_first": added(requests, STOP_AFTER_S - 0.25, OPEN_AFTER_S, base),
        "p99_added_ms_open": added(requests, OPEN_AFTER_S, ENDS_AFTER_S, base),
        "p99_base_ms": round(base * 1e3, 2),
        "requests": len(requests),
        "failed_requests": sum(seconds is None for _, seconds in requests),
    }


async def baseline():
    """Return what the 99th percentile of requests takes beyond the source, without a cache."""
    requests = await traffic(lambda _: source, lambda: None)
    return percentile([max(0.0, seconds - SOURCE_S) for _, seconds in requests], 0.99)


async def ours(server, observer, base):
    cache = our_cache(server.url, observer)

    def make_call(number):
        key = make_key(1 + number % 20, "contacts", "list", f"page_{number}")
        push(key.tenant)
        return lambda: cache.get_or_load(key, our_load)

    result = await measured(server, make_call, base)
    await cache.aclose()
    return result


async def theirs(name, server, base):
    cache = rival(name, server.url, timeout_s=0.04)
    fetch = cache.fetcher(source)
    result = await measured(server, lambda number: lambda: fetch(f"page_{number}"), base)
    with suppress(TimeoutError, OSError):  # Redis is stopped, and not every client gives up on it
        await cache.aclose()
    return result


async def main():
    quiet()
    spare_what_lasts()  # as each worker of the service does; it spares the rivals too
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    result = {}
    with measurements() as counted, redis() as server:
        result["ours"] = await ours(server, counted.cache, await baseline())
    for name in NAMES:
        with redis() as server:
            result[name] = await theirs(name, server, await baseline())
    result["bars"] = {"p99_added_ms_first": 50, "p99_added_ms_open": 1, "failed_requests": 0}
    result["machine"] = machine()
    print(json.dumps(result))


if __name__ == "__main__":
    uvloop.run(main())
