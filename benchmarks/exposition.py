"""What does a scrape of many tenants cost, and what do the requests served meanwhile feel of it?

Each case starts real workers. `render_ms` is the text alone, in the worker; `scrape_ms` is the
whole scrape over HTTP. For `p99_added_ms` one process asks for small answers at a steady pace,
first alone, then while another scrapes without a pause, so that every request meets a scrape.
Both are the best of three rounds, which take turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from app.loopback import free_port
from benchmarks.cache_harness import machine
from benchmarks.exposition_server import KINDS

CASES = ((1_000, 1), (1_000, 4), (10_000, 1), (10_000, 4))
BARS = {"times_faster": 20.0, "p99_added_ms": 5.0}
SECONDS = 4.0
CONNECTIONS = 4
PAUSE_S = 0.015
PROMETHEUS = {
    "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
    "Accept-Encoding": "gzip",
}


def fetch(port, path, headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers or {})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return answer.read()


@contextlib.contextmanager
def workers(kind, tenants, count):
    """Run a served worker and others that only hold their counts."""
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        shared = [directory] if count > 1 else []
        environment = {**os.environ, **({"PROMETHEUS_MULTIPROC_DIR": directory} if shared else {})}
        port = free_port()

        def start(number):
            command = [sys.executable, "-m", "benchmarks.exposition_server", kind, str(tenants), number]
            process = subprocess.Popen([*command, *shared], env=environment, stdout=subprocess.PIPE)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        for other in [start("0") for _ in range(count - 1)]:
            other.stdout.readline()
        start(str(port))
        wait_for(port)
        yield port


def wait_for(port, deadline_s=300.0):
    ends = time.monotonic() + deadline_s
    while time.monotonic() < ends:
        with contextlib.suppress(OSError):
            fetch(port, "/work")
            return
        time.sleep(0.05)
    raise TimeoutError("the worker did not start")


async def latencies(port, seconds):
    """Ask at a steady pace and return the milliseconds of each answer."""
    found = []
    ends = time.perf_counter() + seconds

    async def connection():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < ends:
            started = time.perf_counter()
            writer.write(b"GET /work HTTP/1.1\r\nHost: t\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
            found.append((time.perf_counter() - started) * 1e3)
            await asyncio.sleep(PAUSE_S)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return found


def p99(values):
    return statistics.quantiles(values, n=100)[98]


def scrape_times(port, times, headers):
    found = []
    for _ in range(times):
        started = time.perf_counter()
        fetch(port, "/metrics", headers)
        found.append((time.perf_counter() - started) * 1e3)
    return found


def p99_while_scraped(port, seconds):
    scraper = subprocess.Popen([sys.executable, "-m", "benchmarks.exposition", "scrape", str(port)])
    try:
        return p99(asyncio.run(latencies(port, seconds)))
    finally:
        scraper.kill()
        scraper.wait()


def best_p99s(port, scrape_s):
    """Return the p99 alone and while scraped, each the best of the rounds, which take turns."""
    rounds, seconds = (3, SECONDS) if scrape_s < 1 else (1, max(SECONDS, 2 * scrape_s))
    alone, meanwhile = [], []
    for _ in range(rounds):
        alone.append(p99(asyncio.run(latencies(port, seconds))))
        meanwhile.append(p99_while_scraped(port, seconds))
    return min(alone), min(meanwhile)


def measure(kind, tenants, count):
    with workers(kind, tenants, count) as port:
        times = 9 if kind == "ours" else 3
        rendered = sorted(
            (fetch(port, "/render").split() for _ in range(times)), key=lambda row: float(row[0])
        )
        render_ms, size, lines = rendered[0]
        plain = min(scrape_times(port, times, {"Accept-Encoding": "identity"}))
        packed = min(scrape_times(port, times, PROMETHEUS))
        alone, meanwhile = best_p99s(port, plain / 1e3)
    return {
        "render_ms": round(float(render_ms), 2),
        "scrape_ms": round(plain, 2),
        "scrape_as_prometheus_ms": round(packed, 2),
        "bytes": int(size),
        "lines": int(lines),
        "p99_alone_ms": round(alone, 2),
        "p99_added_ms": round(meanwhile - alone, 2),
    }


def main(*, quick):
    found = {kind: {} for kind in KINDS}
    for tenants, count in CASES[:2] if quick else CASES:
        for kind in KINDS:
            found[kind][f"{tenants}x{count}"] = row = measure(kind, tenants, count)
            print(kind, tenants, count, row, file=sys.stderr)
    ratios = {
        f"{case} times_faster": round(theirs["render_ms"] / found["ours"][case]["render_ms"], 1)
        for case, theirs in found["prometheus_client"].items()
    }
    print(json.dumps({**found, "ratios": ratios, "bars": BARS, "machine": machine()}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["scrape"]:
        while True:
            fetch(int(sys.argv[2]), "/metrics", PROMETHEUS)
    main(quick="--quick" in sys.argv)
