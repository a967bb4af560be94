"""How fast is the whole server beside a bare one, one worker each, the same body, measured by wrk?

(a) a bare handler that returns fixed bytes, (b) a handler with one redis-py GET and no
instrumentation, (c) the same with the stock OpenTelemetry and Prometheus stack at its
defaults, (d) TaskMed's cached GET with sign-in, metrics, tracing and log lines, near cache
on (contacts are leased: Redis is asked for the generations every 15 ms), (e) near cache off:
every request asks Redis. Servers take turns in each round; the figure is the median of the
rounds, in requests a second.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import redis as redis_client

from app.loopback import free_port
from benchmarks.cache_harness import machine, redis
from benchmarks.server_apps import KEY

ROOT = Path(__file__).resolve().parent.parent
TASKMED = str(Path(sys.executable).with_name("taskmed"))
PATH = "/api/contacts"
READY_S = 60
BARS = {"d_over_b": 4.0, "d_over_a": 0.7, "e_over_b": 1.3, "d_over_c": 12.0}


def environment(folder, url, **more):
    key = base64.b64encode(bytes(range(32))).decode()
    return {
        **os.environ,
        "REDIS_URL": url,
        "BODY_FILE": str(folder / "body"),
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'bench.db'}",
        "CACHE_URL": url,
        "TASKMED_TOKEN_KEYS": f"bench:{key}",
        "TASKMED_SEALING_KEYS": f"bench:{key}",
        **more,
    }


@contextmanager
def serving(command, env, port):
    """Run a server until it answers, and stop it at the end."""
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}{PATH}"
        finally:
            process.send_signal(signal.SIGTERM)


def wait_for(url, process):
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"the server at {url} did not start")


def fetch(url, token):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.read(), answer.headers["cache-status"]


def measure(url, token, seconds, connections):
    """Return requests a second, after a short warm-up."""
    wrk = shutil.which("wrk") or sys.exit("wrk is missing: apt-get install wrk")
    command = [wrk, "-t1", f"-c{connections}", "-H", f"Authorization: Bearer {token}"]
    subprocess.run([*command, "-d1s", url], check=True, capture_output=True)
    text = subprocess.run([*command, f"-d{seconds}s", url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text:
        raise SystemExit(f"{url} answered errors:\n{text}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


def prepare(folder, url):
    """Fill the database, and keep the body that TaskMed answers with; return a token."""
    env = environment(folder, url)
    for step in ("migrate", "demo"):
        subprocess.run([TASKMED, step], cwd=ROOT, env=env, check=True, capture_output=True)
    minted = subprocess.run(
        [TASKMED, "token", "--clinic", "1", "--role", "staff"],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return minted.stdout.split()[-1]


def servers(folder, url):
    """Name each server's command and environment."""
    port = str(free_port())
    granian = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asgi",
        "--factory",
        "--workers",
        "1",
        "--http",
        "1",
        "--log-level",
        "warning",
        "--backlog",
        "4096",
        "--backpressure",
        "16384",
        "--port",
        port,
    ]
    ours = [TASKMED, "serve", "--port", port]
    plain = environment(folder, url)
    return port, {
        "a": ([*granian, "benchmarks.server_apps:bare"], plain),
        "b": ([*granian, "benchmarks.server_apps:redis_get"], plain),
        "c": ([*granian, "benchmarks.server_apps:stock"], plain),
        "d": (ours, plain),
        "e": (ours, environment(folder, url, TASKMED_NEAR_CACHE_MB="0")),
    }


def keep_body(folder, store, commands, port, token):
    """Take TaskMed's own answer as everybody's body."""
    with serving(*commands["d"], port) as address:
        body, _ = fetch(address, token)
    (folder / "body").write_bytes(body)
    with redis_client.Redis.from_url(store.url) as client:
        client.set(KEY, body)
    return len(body)


def warm(address, token):
    """Wait until TaskMed answers from its cache: at the start its lease is in quarantine."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        status = fetch(address, token)[1]
        if status is None or "hit" in status:
            return
        time.sleep(0.1)
    raise SystemExit(f"{address} does not answer from its cache")


def run(rounds, seconds, connections):
    with redis() as store, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        token = prepare(folder, store.url)
        port, commands = servers(folder, store.url)
        size = keep_body(folder, store, commands, port, token)
        found = {letter: [] for letter in commands}
        for _ in range(rounds):
            for letter, command in commands.items():
                with serving(*command, port) as address:
                    warm(address, token)
                    found[letter].append(measure(address, token, seconds, connections))
    return size, {letter: statistics.median(values) for letter, values in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    size, rps = run(options.rounds, options.seconds, options.connections)
    ratios = {bar: round(rps[bar[0]] / rps[bar[-1]], 2) for bar in BARS}
    figures = {f"{name}_rps": round(value) for name, value in rps.items()}
    print(
        json.dumps(
            {"ours": figures, "ratios": ratios, "bars": BARS, "body_bytes": size, "machine": machine()}
        )
    )


if __name__ == "__main__":
    main()
