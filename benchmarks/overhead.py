"""What does the telemetry add to one request, in process, over a bare Starlette app with 21 routes?

Three cases, for the kit and for its peers: `unsampled_us` (all metrics, by tenant, and a
trace that the head did not sample and that is forgotten at the end), `late_us` (the same
request kept after all, with server, cache and database span) and `head_sampled_us` (sampled
at the head, with the same spans). No network: redis-py talks to a connection that answers at
once, SQLAlchemy to SQLite in memory; both run with and without the telemetry, and the
difference is told. Spans are encoded as OTLP, thrown away, and the time for it counts, on
whichever thread it is spent.

Each stack runs in a process of its own, the rounds of all stacks in turn. The figures are
microseconds of CPU time a request, of all threads and until the last span is exported: the
best of all rounds, less the bare app's. `*_wall_us` is the same by the clock on the wall,
which means something only on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import sys
import time

import uvloop

from benchmarks.cache_harness import machine
from benchmarks.overhead_stacks import CASES, STACKS

ROUNDS = 40
REQUESTS = 1_000
BARS = {"unsampled_us": 10.0, "late_us": 100.0, "head_sampled_ratio": 0.6}


async def serve(call, count):
    for _ in range(count):
        await call()


def work(name, pipe):
    """Serve as many requests as asked for, and answer with the CPU and wall time of one."""
    stack = STACKS[name]()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        while requests := pipe.recv():
            gc.collect()
            cpu, wall = time.process_time(), time.perf_counter()
            runner.run(serve(stack.call, requests))
            stack.flush()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            pipe.send((cpu / requests * 1e6, wall / requests * 1e6))
    stack.close()


class Worker:
    """One stack in a process of its own."""

    def __init__(self, name):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(name, theirs))
        self._process.start()

    def serve(self, requests):
        self._pipe.send(requests)
        return self._pipe.recv()

    def close(self):
        self._pipe.send(0)
        self._process.join()


def measure(names, rounds, requests):
    """Return the best CPU and wall time of a request for each stack."""
    workers = {name: Worker(name) for name in names}
    best = {name: worker.serve(requests) for name, worker in workers.items()}  # the first round warms up
    for _ in range(rounds):
        for name, worker in workers.items():
            best[name] = tuple(map(min, best[name], worker.serve(requests)))
    for worker in workers.values():
        worker.close()
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    result = {}
    for field, (bare, names) in CASES.items():
        best = measure((bare, *names), *((3, 300) if quick else (ROUNDS, REQUESTS)))
        result.setdefault("bare", {})[field] = round(best[bare][0], 2)
        for name in names:
            told = result.setdefault(name.split(":")[0], {})
            told[field] = round(best[name][0] - best[bare][0], 2)
            told[field.replace("_us", "_wall_us")] = round(best[name][1] - best[bare][1], 2)
        print(field, json.dumps(result), file=sys.stderr)
    ours = result["ours"]
    ratio = round(ours["head_sampled_us"] / result["opentelemetry"]["head_sampled_us"], 3)
    seen = {**ours, "head_sampled_ratio": ratio}
    met = all(seen[name] <= bar for name, bar in BARS.items())
    print(
        json.dumps(
            {**result, "ratios": {"head_sampled": ratio}, "bars": BARS, "met": met, "machine": machine()}
        )
    )


if __name__ == "__main__":
    main()
