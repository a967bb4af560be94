"""Does a read ever return what an answered write had replaced, and does the cache recover?

Several processes, 40 readers and 2 writers in all, ten keys. A read is stale if it returns
an older version than was answered, in any process, before it began. Readers are cancelled
at random throughout. After the undisturbed runs come the faults; five seconds after each is
over every process is asked for every key: one that is answered with anything but the
database's truth is stale after recovery. A write whose invalidation raised is not answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

from app.drill.binaries import Binaries
from app.drill.stack import RedisServer
from benchmarks import consistency_switch, consistency_worker
from benchmarks.cache_harness import machine
from benchmarks.cache_rivals import NAMES
from benchmarks.consistency_worker import KEYS, METADATA, ROWS, TENANT, Answered
from monitor.database.connections import for_writing, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.kit_tables import create_kit_tables
from monitor.database.scope import TENANT_COLUMN

SPAWN = multiprocessing.get_context("spawn")
READERS = 40
RECOVERY_S = 5.0
WARM_UP_S = 3.0  # the first epoch's quarantine
MODES = ("off", "validated", "leased")


class Stage:
    """Redis, a database, and the processes of one side on them."""

    def __init__(self, stack, name, near, processes, *, direct):
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="taskmed-consistency-")))
        self.database = f"sqlite+aiosqlite:///{self.folder / 'truth.db'}"
        asyncio.run(prepare(self.database))
        self.redis = stack.enter_context(redis(self.folder / "redis"))
        self.answered = Answered()
        stack.callback(self.answered.memory.unlink)
        stack.callback(self.answered.close)
        self.processes = processes
        self.name, self.near = name, near
        self._stack = stack
        self._switch = None
        ports = [self.redis.port] * (processes + 1) if direct else self._start_switch()
        self._urls = [f"redis://127.0.0.1:{port}/0" for port in ports]
        self._pipes = [self.start(number) for number in range(processes)]

    def start(self, number):
        """Start one worker; the one after the last is there to die."""
        plan = {
            "name": self.name,
            "near": self.near,
            "number": number,
            "readers": READERS // self.processes if number < self.processes else 0,
            "redis": self._urls[number],
            "database": self.database,
            "answered": self.answered.memory.name,
        }
        pipe, theirs = SPAWN.Pipe()
        process = SPAWN.Process(target=consistency_worker.main, args=(plan, theirs), daemon=True)
        process.start()
        theirs.close()
        self._stack.callback(process.kill)
        if pipe.recv() != "ready":
            raise RuntimeError("a worker did not start")
        return pipe

    def tell(self, order):
        for pipe in self._pipes:
            pipe.send(order)
        return [self._heard(pipe) for pipe in self._pipes]

    def _heard(self, pipe):
        if not pipe.poll(120):
            raise TimeoutError(f"a worker of {self.name} does not answer")
        return pipe.recv()

    def switch(self, *order):
        self._switch.send(order)
        self._switch.recv()

    def kill_a_writer(self):
        pipe = self.start(self.processes)
        pipe.send("die")
        try:
            pipe.recv()
        except (EOFError, ConnectionResetError):
            return
        raise RuntimeError("the doomed writer lives")

    def replica(self):
        """Start a replica of Redis and return it once it holds everything."""
        options = ("--replicaof", "127.0.0.1", str(self.redis.port))
        replica = self._stack.enter_context(redis(self.folder / "replica", *options))
        deadline = time.monotonic() + 20
        while "master_link_status:up" not in info(replica) and time.monotonic() < deadline:
            time.sleep(0.05)
        return replica

    def stale_keys(self):
        """Return how many keys any process answers with anything but the truth."""
        truth = asyncio.run(versions(self.database))
        answers = self.tell("look")
        return sum(any(answer[key] != truth[key] for answer in answers) for key in truth)

    def _start_switch(self):
        self._switch, theirs = SPAWN.Pipe()
        arguments = (self.redis.port, self.processes + 1, theirs)
        process = SPAWN.Process(target=consistency_switch.main, args=arguments, daemon=True)
        process.start()
        self._stack.callback(process.kill)
        return self._switch.recv()


@contextmanager
def redis(folder, *options):
    """Run a Redis that saves when it is told to."""
    root = Path(__file__).resolve().parent.parent
    program = Binaries(os.environ, root / ".cache" / "servers").find("redis-server")
    with RedisServer(program, options, folder) as server:
        yield server


def info(server):
    """Return what a Redis says about its replication; nothing while it is too busy to say."""
    try:
        with socket.create_connection(("127.0.0.1", server.port), 2.0) as connection:
            connection.sendall(b"INFO replication\r\n")
            return connection.recv(65_536).decode()
    except OSError:
        return ""


async def prepare(url):
    engine = for_writing(make_engine(url, PoolSettings(size=1)))
    async with engine.begin() as connection:
        await connection.run_sync(create_kit_tables)
        await connection.run_sync(METADATA.create_all)
        rows = [{TENANT_COLUMN: TENANT, "id": key, "version": 1} for key in range(KEYS)]
        await connection.execute(sa.insert(ROWS), rows)
    await engine.dispose()


async def versions(url):
    engine = make_engine(url, PoolSettings(size=1))
    async with engine.connect() as connection:
        rows = (await connection.execute(sa.select(ROWS.c.id, ROWS.c.version))).all()
    await engine.dispose()
    return {row.id: row.version for row in rows}


# Each fault is two steps: it begins, goes on for a while, and ends.


def writer_killed(stage):
    """A writer is killed between its commit and its invalidation."""
    yield
    stage.kill_a_writer()
    yield


def worker_cut_off(stage):
    """One worker, which writes, is cut off from Redis by itself."""
    stage.switch("cut", 1)
    yield
    stage.switch("mend", 1)
    yield


def redis_stopped(stage):
    """Redis is stopped in order, and comes back with everything it had."""
    stage.redis.ask("SAVE")
    stage.redis.stop()
    yield
    stage.redis.start()
    yield


def redis_paused(stage):
    """Redis hangs, and goes on with what has queued up in it."""
    stage.redis.pause()
    yield
    stage.redis.resume()
    yield


def redis_emptied(stage):
    """Redis is killed and comes back empty."""
    (stage.redis.folder / "dump.rdb").unlink(missing_ok=True)
    yield
    stage.redis.kill()
    stage.redis.start()
    yield


def redis_set_back(stage):
    """Redis is killed and comes back with what it held some seconds before."""
    stage.redis.ask("SAVE")
    yield
    stage.redis.kill()
    stage.redis.start()
    yield


def failed_over(stage):
    """A replica that has missed the last writes takes over; nobody comes back from it."""
    replica = stage.replica()
    yield
    replica.ask("REPLICAOF NO ONE")
    time.sleep(0.3)
    stage.switch("point", replica.port)
    stage.redis.kill()
    yield


FAULTS = (
    writer_killed,
    worker_cut_off,
    redis_stopped,
    redis_paused,
    redis_emptied,
    redis_set_back,
    failed_over,
)


def undisturbed(name, near, processes, seconds, reads):
    """Return (reads, stale reads) of a run in which nothing breaks: as long as it takes, within limits."""
    with ExitStack() as stack:
        stage = Stage(stack, name, near, processes, direct=True)
        time.sleep(WARM_UP_S)
        stage.tell("go")
        ends = time.monotonic() + 6 * seconds
        time.sleep(seconds)
        while sum(count for count, _ in stage.tell("count")) < reads and time.monotonic() < ends:
            time.sleep(0.5)
        return summed(stage.tell("count"))


def disturbed(name, near, processes, seconds, faults):
    """Return (reads, stale reads, keys stale after recovery by fault) of a run with every fault in turn."""
    with ExitStack() as stack:
        stage = Stage(stack, name, near, processes, direct=False)
        stage.tell("go")
        time.sleep(seconds)
        stale = {}
        for fault in faults:
            steps = fault(stage)
            next(steps)
            time.sleep(seconds)
            stage.tell("rest")  # a later write would mend by chance what the fault has left behind
            time.sleep(0.5)
            next(steps)
            time.sleep(RECOVERY_S)
            stale[fault.__name__] = stage.stale_keys()
            stage.tell("go")
            time.sleep(seconds)
        return *summed(stage.tell("count")), stale


def summed(counts):
    return sum(reads for reads, _ in counts), sum(stale for _, stale in counts)


def measure(name, near, options):
    """Measure one side in one mode of the near cache."""
    calm_reads, calm_stale = undisturbed(
        name, near, options.processes, options.calm_s, options.reads if name == "ours" else 0
    )
    reads, stale, keys = disturbed(name, near, options.processes, options.fault_s, options.faults)
    return {
        "reads": calm_reads + reads,
        "stale_reads": calm_stale + stale,
        "keys_stale_after_recovery": sum(keys.values()),
        "undisturbed": {"reads": calm_reads, "stale_reads": calm_stale},
        "by_fault": keys,
    }


def ours(options):
    """Measure our cache in every mode of the near cache; the sums stand above."""
    modes = {}
    for mode in options.modes:
        modes[mode] = measure("ours", mode, options)
        say("ours", mode, modes[mode])
    fields = ("reads", "stale_reads", "keys_stale_after_recovery")
    return {field: sum(mode[field] for mode in modes.values()) for field in fields} | {"near": modes}


def say(*words):
    print(*words, flush=True)


def main():
    """Print progress, and the answer as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smaller run of one minute")
    parser.add_argument("--only", nargs="*", default=("ours", *NAMES), help="which sides to measure")
    options = parser.parse_args()
    options.processes = 2 if options.quick else 4
    options.calm_s, options.fault_s = (3, 1) if options.quick else (20, 3)
    options.reads = 0 if options.quick else 400_000
    options.modes = ("validated",) if options.quick else MODES
    options.faults = FAULTS[:2] if options.quick else FAULTS
    bars = {"stale_reads": 0, "keys_stale_after_recovery": 0}
    result = {"machine": machine(), "quick": options.quick, "bars": bars}
    if "ours" in options.only:
        result["ours"] = ours(options)
    for name in NAMES:
        if name in options.only:
            result[name] = measure(name, "off", options)
            say(name, result[name])
    print(json.dumps(result))


if __name__ == "__main__":
    main()
