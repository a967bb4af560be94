"""Does the serving loop notice an open console? Requests beside 0 and 10 viewers, with 2,000 clinics.

In one process, so that the loop's own CPU time can be told from the measurements' thread:
periods with and without viewers take turns, and each number is the median over the periods.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import statistics
import sys
import time
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from monitor.cache.policy import CachePolicy
from monitor.console.session import Sessions
from monitor.kit.adoption import Adoption
from monitor.kit.build_monitor import build_monitor
from monitor.metrics.catalogue import Outcome
from monitor.settings import MonitorSettings
from monitor.tenancy.identity import Identity, TenantId

DOMAINS = ("contacts", "appointments", "medical_records", "analytics", "settings")
PACE_S = 0.002
# What "nothing measurable" means: the loop's own time, and a request's median and 99th percentile.
BARS = {"loop_core_share": 0.01, "median_us": 20.0, "p99_us": 500.0}


class Tokens:
    def resolve(self, authorization):
        word = authorization.decode().removeprefix("Bearer ")
        if word == "operator":
            return Identity(None, "o", "operator", operator=True)
        return Identity(TenantId(word), "u", "staff")


async def answer(_request):
    return PlainTextResponse("answer")


def fill(monitor, clinics):
    http, cache = monitor.measurements.http, monitor.measurements.cache
    for clinic in range(1, clinics + 1):
        http.begin("GET")
        http.end("GET", f"/api/{clinic % 30}", 200, None, Outcome.SUCCESS, clinic, 0.02, None)
        for domain in DOMAINS:
            cache.looked_up(clinic, domain, "hit", "near", 0.001)


async def call(app, path, headers, receive, send, query=b""):
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
        "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": query, "headers": [(b"host", b"x"), *headers], "server": ("x", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)


async def request(app):
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message):
        pass

    await call(app, "/answer", [(b"authorization", b"Bearer 7")], receive, send)


@asynccontextmanager
async def watched(app, cookie, viewers, events):
    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        if len(message.get("body", b"")) > 100:
            events.append(len(message["body"]))

    async def follow():
        while True:  # a browser comes back when its stream has ended
            await call(app, "/console/events", [(b"cookie", cookie)], receive, send, b"view=overview")

    tasks = [asyncio.ensure_future(follow()) for _ in range(viewers)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def period(app, cookie, viewers, seconds):
    events, taken = [], []
    async with watched(app, cookie, viewers, events):
        await asyncio.sleep(0.5)
        began, loop_cpu, all_cpu = time.perf_counter(), time.thread_time(), time.process_time()
        while time.perf_counter() - began < seconds:
            started = time.perf_counter()
            await request(app)
            taken.append((time.perf_counter() - started) * 1e6)
            await asyncio.sleep(PACE_S)
        wall = time.perf_counter() - began
        loop_cpu, all_cpu = time.thread_time() - loop_cpu, time.process_time() - all_cpu
    taken.sort()
    return {
        "loop_core_share": loop_cpu / wall,
        "process_core_share": all_cpu / wall,
        "median_us": taken[len(taken) // 2],
        "p99_us": taken[int(len(taken) * 0.99)],
        "events": len(events),
        "requests": len(taken),
    }


def cookie_of(clock):
    sessions = Sessions([b"k" * 32], Tokens(), clock)
    return f"monitor_console={sessions.seal(sessions.begin('operator'))}".encode()


async def measure(clinics, viewers, rounds, seconds):
    adoption = Adoption(
        resolver=Tokens(),
        policies=[CachePolicy(domain, ttl_s=300) for domain in DOMAINS],
        console_keys=[b"k" * 32],
    )
    monitor = build_monitor(MonitorSettings(access_log=False), adoption, stream=io.BytesIO())
    app = Starlette(routes=[Route("/answer", answer), *monitor.routes()], middleware=monitor.middleware())
    cookie = cookie_of(monitor.clock)
    periods = {0: [], viewers: []}
    async with monitor.lifespan():
        fill(monitor, clinics)
        await period(app, cookie, viewers, 3.0)
        for _ in range(rounds):
            for count in (0, viewers):
                periods[count].append(await period(app, cookie, count, seconds))
                print(count, periods[count][-1], file=sys.stderr)
    return {
        count: {key: statistics.median(one[key] for one in many) for key in many[0]}
        for count, many in periods.items()
    }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, default=2_000)
    parser.add_argument("--viewers", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--quick", action="store_true", help="one short period of each")
    given = parser.parse_args(argv)
    rounds, seconds = (1, 6.0) if given.quick else (given.rounds, given.seconds)
    found = asyncio.run(measure(given.clinics, given.viewers, rounds, seconds))
    watched_by, nobody = found[given.viewers], found[0]
    added = {key: watched_by[key] - nobody[key] for key in BARS}
    result = {
        "ours": {key: round(value, 4) for key, value in watched_by.items()},
        "nobody watches": {key: round(value, 4) for key, value in nobody.items()},
        "clinics": given.clinics,
        "viewers": given.viewers,
        **{f"added {key}": round(value, 4) for key, value in added.items()},
        "bars": {f"added {key}": bar for key, bar in BARS.items()},
        "met": all(added[key] <= bar for key, bar in BARS.items()),
        "machine": f"{os.cpu_count()} cores",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
