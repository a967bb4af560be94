"""Does the whole service keep what was asked of it, beside itself without the cache?

Two workers on a real Redis and a real PostgreSQL, the demo's clinics, and the traffic of
`taskmed load` (Zipf's law over clinics, twenty reads to a write), all on this machine's cores.
Both rows get the same requests at the same rate, and the same warm-up before they are measured:
hits, statements a request, and the answer's mean and P99 as a user sees it. Then a thousand users
at once, each with a connection of its own and a request every two seconds; then ten thousand
connections that stay open, a thousand of them asked a second; then what is too much: 800 and
1,000 requests a second, the latter a thousand users with a request every second.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import resource
import statistics
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from random import Random

import uvloop
from prometheus_client.parser import text_string_to_metric_families

from app.auth import Role, TokenIssuer
from app.drill.process import descendants
from app.drill.stack import TaskMedServer
from app.load.arrivals import poisson
from app.load.generator import Generator, open_session
from app.load.mix import Mix
from app.load.tally import percentiles
from app.variables import Key
from benchmarks.cache_harness import machine, redis
from benchmarks.open_connections import OpenConnections
from monitor.clock import SystemClock
from tests.binaries import need
from tests.servers import PostgresServer

CLINICS = 24  # as many as the demo has
SECRET = bytes(range(32))
RATE, USERS, PAUSE_S, CONNECTIONS = 200.0, 1_000, 2.0, 10_000
RUSHES, RUSH_S = (800, 1_000), 15
BARS = {"hit_ratio": 0.9, "statements_saved": 0.7, "mean_ms_1000_users": 10.0, "connections": 10_000}


@contextmanager
def service(**more):
    """Run everything, with the demo's data in it."""
    key = f"bench:{base64.b64encode(SECRET).decode()}"
    with (
        redis() as store,
        PostgresServer(*(need(name) for name in ("initdb", "postgres", "psql"))) as db,
    ):
        env = {
            "DATABASE_URL": db.url_of(db.create_database()),
            "CACHE_URL": store.url,
            "TASKMED_TOKEN_KEYS": key,
            "TASKMED_SEALING_KEYS": key,
            "WORKERS": "2",
            **more,
        }
        for step in ("migrate", "demo"):
            command = [sys.executable, "-m", "app.commands.cli", step]
            subprocess.run(command, env={**os.environ, **env}, check=True, capture_output=True)
        with TaskMedServer(env) as server:
            yield server


class Traffic:
    """The users of all clinics; what they have seen lasts from one run to the next."""

    def __init__(self, url):
        issuer = TokenIssuer([Key("bench", SECRET)], SystemClock())
        self.tokens = {
            clinic: issuer.mint(role=Role.STAFF, user="load", clinic=clinic, lifetime_s=3_600)
            for clinic in range(1, CLINICS + 1)
        }
        self._random = Random(7)
        self._mix = Mix(list(self.tokens), self._random)
        self._url = url

    async def run(self, rate, users, seconds):
        """Return what came back and what the service counted meanwhile."""
        before = counted(self._url)
        async with open_session(users) as session:
            generator = Generator(session, self._url, self._mix, self.tokens, SystemClock(), users)
            tally = await generator.run(poisson(rate, seconds, 10**7, self._random), seconds)
        after = counted(self._url)
        return tally, {name: after[name] - before[name] for name in after}


def counted(url):
    """Return lookups, hits and statements so far, as Prometheus would read them."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    found = {"hit": 0.0, "miss": 0.0, "bypass": 0.0, "statements": 0.0}
    for sample in (sample for family in families for sample in family.samples):
        if sample.name == "cache_requests_total" and sample.labels["result"] in found:
            found[sample.labels["result"]] += sample.value
        elif sample.name == "db_client_operation_duration_seconds_count":
            found["statements"] += sample.value
    return found


def told(tally, suffix=""):
    latencies = tally.total().latencies
    return {
        f"mean_ms{suffix}": round(statistics.fmean(latencies) * 1e3, 2),
        f"p99_ms{suffix}": round(percentiles(latencies)[0.99] * 1e3, 2),
        f"errors{suffix}": tally.error_count,
    }


def memory_mb(pid):
    """Return the resident megabytes of all workers."""
    pages = (Path(f"/proc/{one}/statm").read_text().split()[1] for one in (pid, *descendants(pid)))
    return round(sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE") / 2**20)


async def crowd(server, token):
    """Return how the service does while ten thousand connections are open."""
    async with OpenConnections(server.port, token, CONNECTIONS) as lines:
        spent, failed = await lines.ask(1_000.0, 20)
        return {
            "connections": lines.alive,
            "mean_ms_connections": round(statistics.fmean(spent) * 1e3, 2),
            "p99_ms_connections": round(percentiles(spent)[0.99] * 1e3, 2),
            "errors_connections": failed,
            "rss_mb_connections": memory_mb(server.pid),
        }


async def measured(server, warm_s, seconds, *, crowds):
    traffic = Traffic(server.url)
    await traffic.run(RATE, 100, warm_s)
    tally, count = await traffic.run(RATE, 100, seconds)
    looked_up = count["hit"] + count["miss"] + count["bypass"]
    result = {
        "hit_ratio": round(count["hit"] / looked_up, 3),
        "statements_per_request": round(count["statements"] / tally.requests, 2),
        **told(tally),
    }
    tally, _ = await traffic.run(USERS / PAUSE_S, USERS, seconds / 2)
    result |= told(tally, "_1000_users")
    if crowds:
        result |= await crowd(server, traffic.tokens[1])
        for rate in RUSHES:
            tally, _ = await traffic.run(float(rate), USERS, RUSH_S)
            result |= told(tally, f"_at_{rate}_a_second")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    warm_s, seconds = (10, 10) if parser.parse_args().quick else (180, 60)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    result = {}
    for name, variables in (("ours", {}), ("without the cache", {"TASKMED_CACHE": "off"})):
        with service(**variables) as server:
            result[name] = uvloop.run(measured(server, warm_s, seconds, crowds=name == "ours"))
        print(name, result[name], file=sys.stderr)
    ours, bare = result["ours"], result["without the cache"]
    saved = 1 - ours["statements_per_request"] / bare["statements_per_request"]
    result["ratios"] = {"statements_saved": round(saved, 3)}
    result["bars"] = BARS
    print(json.dumps({**result, "machine": machine()}))


if __name__ == "__main__":
    main()
