"""Workers, one database and one Redis, in memory, on one clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.trace import NoOpTracer

from monitor.cache.bypass_flight import BypassFlight
from monitor.cache.cache_aside import TenantCache
from monitor.cache.keys import CacheKey, make_key
from monitor.cache.lookup import Loaded, Lookup
from monitor.cache.near_cache import NearCache
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.rollout import Rollout
from monitor.cache.sealing import AesGcmSealer
from monitor.consistency.cache_lease import CacheLease
from monitor.consistency.outbox_cleaner import OutboxCleaner
from monitor.consistency.outbox_poll import OutboxPoll
from monitor.consistency.protocol import Timing
from monitor.consistency.relay import Relay
from monitor.consistency.settlement import CacheSettlement
from monitor.database.write_context import Commit
from monitor.scopes import CacheScope
from monitor.tenancy.context import bind
from monitor.tenancy.identity import TenantId
from monitor.testing.fake_redis import FakeRedis, FakeRedisStore, Gate
from monitor.testing.fakes import ManualClock, RecordingObserver
from tests.monitor.consistency.memory_outbox import MemoryOutbox

TIMING = Timing()
LEASE_S = TIMING.any_lease_s
TICK_S = 0.05
ENTITY = "7"
SECRET = bytes(range(32))


def page(domain: str = "contacts") -> CacheKey:
    return make_key(1, domain, "list", "page_1")


def detail(domain: str = "contacts") -> CacheKey:
    return make_key(1, domain, "detail", ENTITY, entity=ENTITY)


@dataclass
class Parts:
    """What a worker is built of; a test takes a rule out by naming a part without it."""

    lease: type[CacheLease] = CacheLease
    settlement: type[CacheSettlement] = CacheSettlement
    relay: type[Relay] = Relay
    outbox: type[MemoryOutbox] = MemoryOutbox
    store: type[FakeRedisStore] = FakeRedisStore
    sealer: type[AesGcmSealer] = AesGcmSealer
    worker: type[Worker] | None = None
    near: NearMode = NearMode.OFF
    adjust: Callable[[Worker], None] | None = None


@dataclass
class World:
    """What all workers share, and what readers were promised.

    Attributes:
        versions: The committed version of each domain.
        answered: The greatest version whose write was answered, by domain.
        stale: Reads that returned less than was answered before they began.
        loading: A gate between a load's snapshot and its end.
    """

    parts: Parts = field(default_factory=Parts)
    clock: ManualClock = field(default_factory=ManualClock)
    redis: FakeRedis = field(default_factory=FakeRedis)
    versions: dict[str, int] = field(default_factory=lambda: {"contacts": 1, "appointments": 1})
    answered: dict[str, int] = field(default_factory=lambda: {"contacts": 1, "appointments": 1})
    stale: list[tuple[str, int, int]] = field(default_factory=list)
    loading: Gate | None = None

    def __post_init__(self) -> None:
        self.outbox = self.parts.outbox(self.clock, TIMING)
        self.tasks: set[asyncio.Task[None]] = set()

    async def workers(self, number: int) -> list[Worker]:
        """Start workers and take them through the first epoch's quarantine."""
        worker = self.parts.worker or Worker
        workers = [worker(self, position) for position in range(number)]
        await self.begin_epoch(*workers)
        return workers

    async def begin_epoch(self, *workers: Worker) -> None:
        """Name today's primary in an epoch, and take the workers through its quarantine."""
        await self.outbox.adopt(self.outbox.epochs[-1][0], self.redis.primary.incarnation)
        for _ in range(2):
            for worker in workers:
                await worker.poll.once()
            self.clock.advance(LEASE_S + TICK_S)
        for worker in workers:
            await worker.poll.once()

    async def settle_down(self) -> None:
        """Let every task run until it waits for the clock or for a gate."""
        for _ in range(25):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float, *readers: Worker, key: CacheKey | None = None) -> None:
        """Move the clock in ticks; the readers read at each of them, and nobody polls."""
        passed = 0.0
        while passed < seconds:
            passed += TICK_S
            self.clock.advance(TICK_S)
            await self.settle_down()
            for reader in readers:
                await reader.read(key or page())

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Worker:
    """One process: its connection to Redis, its lease, its cache, its relay."""

    def __init__(self, world: World, number: int = 0) -> None:
        parts = world.parts
        self.world = world
        self.number = number
        self.tasks: set[asyncio.Task[None]] = set()
        self.observer = RecordingObserver()
        self.store = parts.store(world.redis, world.clock)
        self.lease = parts.lease(world.clock, TIMING)
        self.near: NearCache[object] | None = None if parts.near is NearMode.OFF else NearCache()
        policies = [
            CachePolicy(domain, 300.0, jitter=0.0, early_refresh=0.0, near=parts.near)
            for domain in world.versions
        ]
        rollout = Rollout(self.observer)
        self.cache = TenantCache(
            store=self.store,
            policies={policy.domain: policy for policy in policies},
            observer=self.observer,
            tracer=NoOpTracer(),
            clock=world.clock,
            admission=self.lease,
            sealer=parts.sealer([SECRET]),
            near=self.near,
            rollout=rollout,
        )
        self.poll = OutboxPoll(
            outbox=world.outbox,
            lease=self.lease,
            observer=self.observer,
            clock=world.clock,
            timing=TIMING,
            rollout=rollout,
        )
        self.relay = parts.relay(
            outbox=world.outbox, lease=self.lease, cache=self.cache, clock=world.clock, timing=TIMING
        )
        self.resolver = OutboxCleaner(world.outbox)
        self.settlement = parts.settlement(
            outbox=world.outbox,
            lease=self.lease,
            cache=self.cache,
            resolver=self.resolver,
            observer=self.observer,
            clock=world.clock,
        )
        # A bypassing load waits for the one before it, and not for real time to pass.
        self.cache._misses._bypass = BypassFlight(patience_s=3_600.0)
        if parts.adjust is not None:
            parts.adjust(self)

    async def step(self) -> None:
        """Poll, and relay what was seen."""
        snapshot = await self.poll.once()
        if snapshot is not None:
            await self.relay.relay(snapshot, asked=False)

    async def read(self, key: CacheKey) -> Lookup:
        """Read, and hold the answer against what was promised when the read began."""
        promised = self.world.answered[key.domain]
        with bind(1):
            lookup = await self.cache.get_or_load(key, lambda: self.load(key.domain))
        got = int(lookup.value)
        if got < promised:
            self.world.stale.append((key, got, promised))
        return lookup

    async def load(self, domain: str) -> Loaded:
        loaded = Loaded(str(self.world.versions[domain]).encode())
        gate, self.world.loading = self.world.loading, None
        if gate is not None:
            await gate()
        return loaded

    def commit(self, domain: str = "contacts") -> tuple[Commit, int]:
        """Commit a write of the one entity, without answering it."""
        world = self.world
        world.versions[domain] += 1
        scopes = (CacheScope(TenantId(1), domain, ENTITY),)
        commit = Commit(scopes, world.outbox.commit(scopes), world.clock.monotonic())
        return commit, world.versions[domain]

    def write(self, domain: str = "contacts") -> asyncio.Task[None]:
        """Commit, settle and answer a write."""
        commit, version = self.commit(domain)
        return self.spawn(self._answer(domain, commit, version))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        self.world.tasks.add(task)
        return task

    async def _answer(self, domain: str, commit: Commit, version: int) -> None:
        await self.settlement.settle(commit)
        self.world.answered[domain] = max(version, self.world.answered[domain])
