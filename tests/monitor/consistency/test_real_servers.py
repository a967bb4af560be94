"""The protocol on real servers: two workers, one Redis that breaks, each database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa
from opentelemetry.trace import NoOpTracer

from monitor.cache.cache_aside import TenantCache
from monitor.cache.cache_observer import CacheResult
from monitor.cache.keys import make_key
from monitor.cache.lookup import Loaded, Lookup
from monitor.cache.near_cache import NearCache
from monitor.cache.policy import CachePolicy
from monitor.cache.rollout import Rollout
from monitor.cache.sealing import AesGcmSealer
from monitor.clock import SystemClock
from monitor.consistency.cache_lease import CacheLease
from monitor.consistency.durable_switch import DurableSwitch
from monitor.consistency.outbox_store import OutboxStore
from monitor.consistency.protocol import Timing
from monitor.consistency.protocol_worker import ProtocolWorker
from monitor.database import scope
from monitor.database.connections import for_writing, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.engine import Database
from monitor.database.kit_tables import CACHE_OUTBOX, create_kit_tables
from monitor.redis.open_store import open_store
from monitor.tenancy.context import bind
from monitor.testing.fakes import RecordingObserver
from tests.conditions import until
from tests.monitor.database.notes import METADATA, NOTES
from tests.servers import RedisServer

TIMING = Timing(lease_s=0.5, poll_s=0.05, shortest_poll_s=0.02)
KEY = make_key(1, "notes", "detail", "1", entity=1)
SECRET = bytes(range(32))


@pytest.fixture
async def url(database_url: str) -> str:
    """Give the URL of a database that holds one note."""
    engine = for_writing(make_engine(database_url, PoolSettings(size=1)))
    with bind(1):
        async with engine.begin() as connection:
            await connection.run_sync(create_kit_tables)
            await connection.run_sync(METADATA.create_all)
            await connection.execute(scope.insert(NOTES, id=1, text="0"))
    await engine.dispose()
    return database_url


class Worker:
    """One worker as the service joins it."""

    def __init__(self, url: str, redis: str) -> None:
        clock, observer = SystemClock(), RecordingObserver()
        lease = CacheLease(clock, TIMING)
        self.cache = TenantCache(
            store=open_store(redis, clock=clock, observer=observer, timeout_s=1.0),
            policies={"notes": CachePolicy("notes", 300.0)},
            observer=observer,
            tracer=NoOpTracer(),
            clock=clock,
            admission=lease,
            sealer=AesGcmSealer([SECRET]),
            near=NearCache(),
            rollout=Rollout(observer),
        )
        self.consistency = ProtocolWorker(
            url,
            lease=lease,
            cache=self.cache,
            database_observer=observer,
            observer=observer,
            clock=clock,
            timing=TIMING,
        )
        self.database = Database(
            url,
            observer=observer,
            tracer=NoOpTracer(),
            clock=clock,
            settlement=self.consistency.settlement,
        )

    async def read(self) -> Lookup:
        async def load() -> Loaded:
            async with self.database.reading() as reader:
                text = await reader.scalar(scope.select(NOTES, NOTES.c.text).where(NOTES.c.id == 1))
            return Loaded(str(text).encode())

        return await self.cache.get_or_load(KEY, load)

    async def write(self, text: str) -> None:
        async with self.database.writing() as unit:
            await unit.execute(scope.update(NOTES).where(NOTES.c.id == 1).values(text=text))
            unit.changed("notes", 1)

    async def hits(self) -> bool:
        return (await self.read()).result is CacheResult.HIT


@pytest.fixture(autouse=True)
def _bound() -> Iterator[None]:
    with bind(1):
        yield


@pytest.fixture
async def workers(url: str, fresh_redis: RedisServer) -> AsyncIterator[list[Worker]]:
    """Give two running workers that both serve from the cache."""
    async with AsyncExitStack() as stack:
        workers = []
        for _ in range(2):
            worker = Worker(url, fresh_redis.url)
            stack.push_async_callback(worker.cache.aclose)
            stack.push_async_callback(worker.database.aclose)
            await stack.enter_async_context(worker.consistency.running())
            workers.append(worker)
        for worker in workers:
            await until(worker.hits, 20.0)
        yield workers


async def outbox_is_empty(worker: Worker) -> bool:
    async with worker.database.reading_all() as reader:
        return await reader.one(sa.select(CACHE_OUTBOX.c.id)) is None


async def test_an_answered_write_is_seen_by_every_worker(workers: list[Worker]) -> None:
    """A read that begins after the answer finds the write, in whichever worker; then the cache serves it."""
    for number in range(20):
        writer, reader = workers[number % 2], workers[(number + 1) % 2]
        await writer.write(str(number))
        assert str(number).encode() == (await reader.read()).value

    await until(lambda: outbox_is_empty(workers[0]), 20.0)
    for worker in workers:
        await until(worker.hits, 20.0)
        assert b"19" == (await worker.read()).value


async def test_a_write_during_an_outage_is_answered_and_never_lost(
    workers: list[Worker], fresh_redis: RedisServer
) -> None:
    """While Redis is down writes are answered all the same, and it does not bring anything back with it."""
    writer, reader = workers
    fresh_redis.stop()
    for number in range(3):
        await writer.write(f"down {number}")
        assert f"down {number}".encode() == (await reader.read()).value

    fresh_redis.start()

    for worker in workers:
        await until(worker.hits, 20.0)
        assert b"down 2" == (await worker.read()).value
    await until(lambda: outbox_is_empty(writer), 20.0)


async def test_a_hung_redis_costs_a_write_its_wait_and_no_more(
    workers: list[Worker], fresh_redis: RedisServer
) -> None:
    """A write while Redis hangs is answered; what has queued up in Redis changes nothing afterwards."""
    writer, reader = workers
    fresh_redis.pause()
    await writer.write("hung")
    assert b"hung" == (await reader.read()).value

    fresh_redis.resume()

    for worker in workers:
        await until(worker.hits, 20.0)
        assert b"hung" == (await worker.read()).value


async def test_a_redis_that_comes_back_old_serves_nothing_of_it(
    workers: list[Worker], fresh_redis: RedisServer
) -> None:
    """Redis restarts from a file that is older than a write: a new epoch makes all of it a miss."""
    writer, reader = workers
    fresh_redis.ask("SAVE")
    await writer.write("after the snapshot")
    fresh_redis.kill()
    fresh_redis.start()

    assert b"after the snapshot" == (await reader.read()).value
    for worker in workers:
        await until(worker.hits, 20.0)
        assert b"after the snapshot" == (await worker.read()).value


async def test_a_writer_that_dies_after_its_commit_is_made_good(workers: list[Worker], url: str) -> None:
    """A commit whose process never reached Redis shows after a poll: the relays refresh for it."""
    dead = Database(url, observer=RecordingObserver(), tracer=NoOpTracer(), clock=SystemClock())
    async with dead.writing() as unit:
        await unit.execute(scope.update(NOTES).where(NOTES.c.id == 1).values(text="from the dead"))
        unit.changed("notes", 1)
    await dead.aclose()

    for worker in workers:

        async def sees_it(worker: Worker = worker) -> bool:
            return (await worker.read()).value == b"from the dead"

        await until(sees_it, 20.0)
        await until(worker.hits, 20.0)
    await until(lambda: outbox_is_empty(workers[0]), 20.0)


async def test_the_switch_reaches_every_worker_and_revives_nothing(workers: list[Worker], url: str) -> None:
    """Off means bypass everywhere; on again begins with misses, whatever was stored before."""
    clock = SystemClock()
    tables = OutboxStore(url, observer=RecordingObserver(), clock=clock, timing=TIMING)
    switch = DurableSwitch(tables, clock)

    await switch.turn_off(domain="notes")
    for worker in workers:

        async def bypasses(worker: Worker = worker) -> bool:
            return (await worker.read()).result is CacheResult.BYPASS

        await until(bypasses, 20.0)
    await workers[0].write("while it was off")
    await switch.turn_on(domain="notes")
    await tables.aclose()

    for worker in workers:
        await until(worker.hits, 20.0)
        assert b"while it was off" == (await worker.read()).value


async def test_cancelled_readers_and_writers_leave_nothing_stale(workers: list[Worker]) -> None:
    """Callers that leave at any moment take nothing with them that others need."""
    writer, reader = workers
    for number in range(30):
        tasks = [asyncio.ensure_future(reader.read()), asyncio.ensure_future(writer.write(f"left {number}"))]
        for _ in range(number % 7):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    await writer.write("last")

    assert b"last" == (await reader.read()).value
    await until(reader.hits, 20.0)
    assert b"last" == (await reader.read()).value
