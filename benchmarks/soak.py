"""Does a long life hold memory flat?

One process on a real Redis looks up ever new keys of ever new clinics, writes between and cancels
callers, as fast as it can. After three tenths of the time memory is measured: what the process
takes (`rss`) over the next three tenths, then what Python has allocated (`tracemalloc`) over the
last two. The two are measured apart, because tracemalloc's own tables grow until the near cache
has turned over once more: what it did not see made is not counted until it is replaced.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import time
import tracemalloc
from pathlib import Path

import structlog
import uvloop

from benchmarks.cache_harness import VALUE, machine, measurements, our_cache, redis
from benchmarks.cache_rivals import quiet
from monitor.cache.keys import make_key
from monitor.cache.lookup import Loaded
from monitor.cache.policy import NearMode
from monitor.scopes import CacheScope
from monitor.tenancy.context import bind
from monitor.tenancy.identity import TenantId

CALLERS = 50
CLINICS = 500
WARM, STEADY, TRACED = 0.3, 0.3, 0.2  # shares of the time; the last one twice
PAGE = os.sysconf("SC_PAGE_SIZE")


class Life:
    """What the service does all day, and how much of it was done."""

    def __init__(self, cache):
        self._cache = cache
        self.lookups = self.writes = self.cancelled = 0

    async def live(self, seconds):
        ends = time.perf_counter() + seconds
        await asyncio.gather(*(self._caller(number, ends) for number in range(CALLERS)))
        gc.collect()

    async def _caller(self, number, ends):
        while time.perf_counter() < ends:
            number += CALLERS
            tenant = TenantId(1 + number % CLINICS)
            with bind(tenant):
                await self._look_up(tenant, number)
                if number % 5 == 0:
                    await self._cache.refresh([CacheScope(tenant, "contacts", str(number))])
                    self.writes += 1

    async def _look_up(self, tenant, number):
        page = make_key(tenant, "contacts", "list", f"page_{number}")
        detail = make_key(tenant, "contacts", "detail", str(number), entity=number)
        first = make_key(tenant, "contacts", "list", "page_1")
        tasks = [asyncio.ensure_future(self._cache.get_or_load(key, load)) for key in (page, detail, first)]
        if number % 7 == 0:
            await asyncio.sleep(0)
            self.cancelled += tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.lookups += len(tasks)


async def load():
    await asyncio.sleep(0)
    return Loaded(VALUE)


def rss():
    """Return the process's resident bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


async def soak(seconds):
    sizes = {}
    with redis() as server, measurements() as counted:
        # Memory of the store is no subject here: it keeps what fits.
        server.ask("CONFIG SET maxmemory 200mb")
        server.ask("CONFIG SET maxmemory-policy allkeys-lru")
        cache = our_cache(server.url, counted.cache, near=NearMode.VALIDATED, timeout_s=5.0)
        near = cache._near  # noqa: SLF001 - what it holds is measured
        life = Life(cache)
        await life.live(WARM * seconds)
        sizes["rss_begin_mb"] = rss()
        await life.live(STEADY * seconds)
        sizes["rss_growth_mb"] = rss() - sizes["rss_begin_mb"]
        sizes["near_cache_mb"] = near.size
        tracemalloc.start()
        await life.live(TRACED * seconds)
        traced = tracemalloc.get_traced_memory()[0]
        await life.live(TRACED * seconds)
        sizes["tracemalloc_growth_mb"] = tracemalloc.get_traced_memory()[0] - traced
        tracemalloc.stop()
        await cache.aclose()
    done = {"lookups": life.lookups, "writes": life.writes, "cancelled": life.cancelled}
    return {**{name: round(size / 2**20, 2) for name, size in sizes.items()}, **done, "seconds": seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=6.0, help="how long")
    parser.add_argument("--quick", action="store_true", help="a quarter of a minute")
    options = parser.parse_args()
    quiet()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    minutes = 0.25 if options.quick else options.minutes
    ours = uvloop.run(soak(60 * minutes))
    bars = {"rss_growth_mb": 5, "tracemalloc_growth_mb": 2, "near_cache_mb": 64}
    print(json.dumps({"ours": ours, "bars": bars, "machine": machine()}))


if __name__ == "__main__":
    main()
