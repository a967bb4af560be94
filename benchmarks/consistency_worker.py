"""One process of the consistency benchmark: readers, perhaps a writer, and a cache of its own."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import AsyncExitStack, suppress
from multiprocessing.shared_memory import SharedMemory

import sqlalchemy as sa
import structlog
import uvloop
from opentelemetry.trace import NoOpTracer

from benchmarks.cache_harness import our_cache
from benchmarks.cache_rivals import quiet, rival
from monitor.cache.keys import make_key
from monitor.cache.lookup import Loaded
from monitor.cache.policy import NearMode
from monitor.clock import SystemClock
from monitor.consistency.cache_lease import CacheLease
from monitor.consistency.protocol import Timing
from monitor.consistency.protocol_worker import ProtocolWorker
from monitor.database import scope
from monitor.database.database_settings import PoolSettings
from monitor.database.engine import Database
from monitor.database.scope import tenant_column
from monitor.tenancy.context import bind, push
from monitor.tenancy.identity import TenantId
from monitor.testing.fakes import RecordingObserver

KEYS = 10
WRITERS = 2
TENANT = 1
PATIENCE_S = 5.0  # for a rival that hangs: then the service answers from the database
METADATA = sa.MetaData()
ROWS = sa.Table(
    "rows",
    METADATA,
    tenant_column(primary_key=True, autoincrement=False),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
)


class Answered:
    """The greatest version of each key whose write was answered, in memory that all processes share.

    Each writer has a row of its own, so no two processes write one number.
    """

    def __init__(self, name=None):
        size = 8 * WRITERS * KEYS
        self.memory = SharedMemory(name, create=name is None, size=size)
        self.versions = self.memory.buf[:size].cast("q")

    def floor(self, key):
        return max(self.versions[writer * KEYS + key] for writer in range(WRITERS))

    def answer(self, writer, key, version):
        place = writer * KEYS + key
        self.versions[place] = max(version, self.versions[place])

    def close(self):
        self.versions.release()
        self.memory.close()


class Silent(RecordingObserver):
    """Hears everything and keeps nothing."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_arguments: None


class Truth:
    """The database, as the service uses it."""

    def __init__(self, url, settlement=None):
        self.database = Database(
            url,
            observer=Silent(),
            tracer=NoOpTracer(),
            clock=SystemClock(),
            settlement=settlement,
            pool=PoolSettings(size=8, timeout_s=30.0),
        )

    async def load(self, key):
        async with self.database.reading() as reader:
            return await reader.scalar(scope.select(ROWS, ROWS.c.version).where(ROWS.c.id == key))

    async def write(self, key, *, tell):
        async with self.database.writing() as unit:
            change = scope.update(ROWS).where(ROWS.c.id == key).values(version=ROWS.c.version + 1)
            version = await unit.scalar(change.returning(ROWS.c.version))
            if tell:
                unit.changed("contacts", key)
        return version


class Ours:
    """The cache with its protocol, as the service joins them."""

    def __init__(self, plan):
        clock, timing, lease = SystemClock(), Timing(), CacheLease(SystemClock(), Timing())
        self._cache = our_cache(plan["redis"], Silent(), near=NearMode(plan["near"]), admission=lease)
        self._consistency = ProtocolWorker(
            plan["database"],
            lease=lease,
            cache=self._cache,
            database_observer=Silent(),
            observer=Silent(),
            clock=clock,
            timing=timing,
        )
        self.truth = Truth(plan["database"], self._consistency.settlement)
        self._keys = [make_key(TENANT, "contacts", "detail", str(key), entity=key) for key in range(KEYS)]
        self._stack = AsyncExitStack()

    async def open(self):
        await self._stack.enter_async_context(self._consistency.running())

    async def read(self, key):
        async def load():
            return Loaded(str(await self.truth.load(key)).encode())

        return int((await self._cache.get_or_load(self._keys[key], load)).value)

    async def write(self, key):
        return await self.truth.write(key, tell=True)

    async def close(self):
        await self._stack.aclose()
        await self._cache.aclose()

    def die_after_commit(self):
        async def die(_commit):
            os.kill(os.getpid(), signal.SIGKILL)

        self._consistency.settlement.settle = die


class Rival:
    """A rival as its documentation has it: load, store, and invalidate once the write is committed."""

    def __init__(self, plan):
        quiet()
        self._rival = rival(plan["name"], plan["redis"], timeout_s=1.0)
        self.truth = Truth(plan["database"])
        self._dies = False

    async def open(self):
        async def load(key):
            with bind(TENANT):  # a rival may call from a thread of its own
                return await self.truth.load(int(key))

        self._fetch = self._rival.fetcher(load)

    async def read(self, key):
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._fetch(str(key))
        except asyncio.CancelledError:
            if asyncio.current_task().cancelling():
                raise
            return await self.truth.load(key)  # the cancellation was another caller's, who had begun the load
        except Exception:  # noqa: BLE001 - a service answers from the database when its cache fails
            return await self.truth.load(key)

    async def write(self, key):
        version = await self.truth.write(key, tell=False)
        if self._dies:
            os.kill(os.getpid(), signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            await self._rival.invalidate([str(key)])
        return version

    async def close(self):
        with suppress(Exception):
            await self._rival.aclose()

    def die_after_commit(self):
        self._dies = True


class Worker:
    """Runs the readers and does what the conductor says."""

    def __init__(self, plan, pipe):
        self._plan = plan
        self._pipe = pipe
        self._random = random.Random(plan["number"])
        self._answered = Answered(plan["answered"])
        self._side = Ours(plan) if plan["name"] == "ours" else Rival(plan)
        self._writing = asyncio.Event()
        self._reading = asyncio.Event()
        self.reads = self.stale = 0

    async def run(self):
        push(TenantId(TENANT))
        loop = asyncio.get_running_loop()
        orders = asyncio.Queue()
        loop.add_reader(self._pipe.fileno(), lambda: orders.put_nowait(self._pipe.recv()))
        await self._side.open()
        tasks = [asyncio.create_task(self._read_on()) for _ in range(self._plan["readers"])]
        tasks += [asyncio.create_task(self._cancel_on())]
        if self._plan["number"] < WRITERS:
            tasks += [asyncio.create_task(self._write_on())]
        self._pipe.send("ready")
        while (order := await orders.get()) != "stop":
            self._pipe.send(await getattr(self, order)())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        loop.remove_reader(self._pipe.fileno())
        self._answered.close()
        await self._side.close()
        self._pipe.send((self.reads, self.stale))

    async def go(self):
        self._reading.set()
        self._writing.set()

    async def rest(self):
        """Stop writing, and let the write under way end."""
        self._writing.clear()

    async def count(self):
        return self.reads, self.stale

    async def look(self):
        """Return what each key is answered with now; the least of three answers."""
        return {key: min([await self._side.read(key) for _ in range(3)]) for key in range(KEYS)}

    async def die(self):
        self._side.die_after_commit()
        await self._side.write(self._random.randrange(KEYS))

    async def _read_on(self):
        while True:
            await self._reading.wait()
            await self._read_once()

    async def _read_once(self):
        key = self._random.randrange(KEYS)
        floor = self._answered.floor(key)
        got = await self._side.read(key)
        self.reads += 1
        self.stale += got < floor
        await asyncio.sleep(0)

    async def _cancel_on(self):
        while True:
            await self._reading.wait()
            read = asyncio.ensure_future(self._side.read(self._random.randrange(KEYS)))
            await asyncio.sleep(self._random.random() * 0.002)
            read.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await read
            await asyncio.sleep(0.005)

    async def _write_on(self):
        while True:
            await self._writing.wait()
            key = self._random.randrange(KEYS)
            with suppress(Exception):  # a write that fails is not answered
                version = await self._side.write(key)
                self._answered.answer(self._plan["number"], key, version)
            await asyncio.sleep(self._random.random() * 0.06)


def main(plan, pipe):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with suppress(BrokenPipeError, EOFError):  # the conductor has gone
        uvloop.run(Worker(plan, pipe).run())
