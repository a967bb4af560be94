"""How often is one cold key loaded by 4 processes with 200 callers each, and what does a killed holder cost?

`loads` counts the runs of a source that takes 200 ms. For `recovery_s` one process begins to
load and is killed by SIGKILL while the others wait; told is the time from the kill until the
last of the others' callers has its answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time

import redis as redis_sync
import structlog
import uvloop

from benchmarks.cache_harness import VALUE, machine, measurements, our_cache, redis
from benchmarks.cache_rivals import NAMES, quiet, rival
from monitor.cache.keys import make_key
from monitor.cache.lookup import Loaded
from monitor.tenancy.context import push
from monitor.tenancy.identity import TenantId

PROCESSES = 4
CALLERS = 200
SOURCE_S = 0.2
HANG_S = 60.0
GIVE_UP_S = 15.0
LOADS = "bench:loads"
BEGUN = "bench:begun"


def fetcher(name, url, source_s, observer):
    """Return the coroutine function that asks for the one key."""
    counter = redis_sync.Redis.from_url(url)

    async def load(_key=None):
        counter.incr(LOADS)
        counter.set(BEGUN, 1)
        await asyncio.sleep(source_s)
        return VALUE

    if name != "ours":
        fetch = rival(name, url, lock=True).fetcher(load)
        return lambda: fetch("page_1")
    cache = our_cache(url, observer, timeout_s=1.0)
    key = make_key(1, "contacts", "list", "page_1")
    push(TenantId(1))

    async def our_load():
        return Loaded(await load())

    return lambda: cache.get_or_load(key, our_load)


async def work(name, url, start_at, source_s):
    """Ask with every caller at `start_at`; print when the last had its answer."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with measurements() as counted:
        fetch = fetcher(name, url, source_s, counted.cache)
        await asyncio.sleep(max(0.0, start_at - time.time()))
        answers = await asyncio.gather(*(fetch() for _ in range(CALLERS)), return_exceptions=True)
    failed = sum(isinstance(answer, BaseException) for answer in answers)
    print(json.dumps({"answered_at": time.time(), "failed": failed}), flush=True)


def worker(name, url, start_at, source_s):
    command = [sys.executable, "-m", "benchmarks.cache_stampede", name, url, str(start_at), str(source_s)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def ended(process, by):
    """Return when the worker's last caller was answered, and how many failed; None if it was not by then."""
    try:
        out, _ = process.communicate(timeout=max(0.1, by - time.time()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    lines = out.strip().splitlines()
    return json.loads(lines[-1]) if lines else None


def loads(name, server):
    """Return how often the source ran for one cold key."""
    start_at = time.time() + 4
    workers = [worker(name, server.url, start_at, SOURCE_S) for _ in range(PROCESSES)]
    answered = [ended(process, start_at + GIVE_UP_S) for process in workers]
    client = redis_sync.Redis.from_url(server.url)
    failed = sum(CALLERS if end is None else end["failed"] for end in answered)
    return int(client.get(LOADS) or 0), failed


def recovery_s(name, server):
    """Return how long the others wait once the holder is killed; None: they were never answered."""
    client = redis_sync.Redis.from_url(server.url)
    holder = worker(name, server.url, time.time() + 3, HANG_S)
    others = [worker(name, server.url, time.time() + 4, SOURCE_S) for _ in range(PROCESSES - 1)]
    gives_up = time.time() + GIVE_UP_S
    while not client.get(BEGUN) and time.time() < gives_up:
        time.sleep(0.01)
    # The others have begun to wait a second after the holder began to load.
    time.sleep(1.3)
    holder.kill()
    killed_at = time.time()
    holder.communicate()
    answered = [ended(process, killed_at + GIVE_UP_S) for process in others]
    if None in answered:
        return None
    # Those who were answered before the kill had not waited for the holder at all.
    return max(0.0, round(max(end["answered_at"] for end in answered) - killed_at, 2))


def main():
    quiet()
    result = {}
    for name in ("ours", *NAMES):
        with redis() as server:
            count, failed = loads(name, server)
        with redis() as server:
            recovered = recovery_s(name, server)
        print(name, count, recovered, file=sys.stderr, flush=True)
        result[name] = {"loads": count, "failed_callers": failed, "recovery_s": recovered}
    result["bars"] = {"loads": 1, "recovery_s": 2.0, "failed_callers": 0}
    result["machine"] = machine()
    print(json.dumps(result))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        quiet()
        uvloop.run(work(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
        os._exit(0)  # threads of a rival may wait for a loop that is gone; the answer is out
    else:
        main()
