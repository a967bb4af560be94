"""A cache on each store, and what its tests look through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import pytest
from opentelemetry.trace import NoOpTracer, Tracer

from monitor.cache.admission import Admission, AlwaysAdmitted
from monitor.cache.cache_aside import TenantCache
from monitor.cache.expiry import Expiry
from monitor.cache.keys import TENANT_PREFIX, CacheKey, make_key
from monitor.cache.lookup import Loaded
from monitor.cache.memory_store import MemoryStore
from monitor.cache.near_cache import NearCache
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.rollout import Rollout
from monitor.cache.sampler import ConsistencySampler
from monitor.cache.sealer import Sealer
from monitor.cache.sealing import AesGcmSealer
from monitor.cache.store import Store
from monitor.clock import Clock, SystemClock
from monitor.redis.open_store import open_store
from monitor.scopes import CacheScope
from monitor.tenancy.context import bind
from monitor.tenancy.identity import TenantId
from monitor.testing.fakes import FaultyStore, ManualClock, RecordingObserver

SECRET = bytes(range(32))
STALE_POLICY = CachePolicy("contacts", 300.0, jitter=0.0, stale_if_error_s=600.0, near=NearMode.OFF)


class Source:
    """A truth that loads read and tests change; counts the loads."""

    def __init__(self, value: bytes = b"v1") -> None:
        self.value = value
        self.loads = 0
        self.failure: Exception | None = None
        self.answer: Callable[[bytes], Loaded] = Loaded

    async def load(self) -> Loaded:
        self.loads += 1
        if self.failure is not None:
            raise self.failure
        return self.answer(self.value)


@dataclass
class Bench:
    """A cache with every part at hand."""

    cache: TenantCache
    store: Store
    clock: Clock
    observer: RecordingObserver
    rollout: Rollout
    near: NearCache[object] | None
    source: Source = field(default_factory=Source)

    def results(self) -> list[str]:
        """Return the outcome of every lookup so far."""
        return [str(arguments[2]) for arguments in self.observer.of("looked_up")]


MakeBench = Callable[..., Bench]


def scope(tenant: int = 1, domain: str = "contacts", entity: str | None = None) -> CacheScope:
    return CacheScope(TenantId(tenant), domain, entity)


def page(number: int = 1, tenant: int = 1, domain: str = "contacts") -> CacheKey:
    return make_key(tenant, domain, "list", f"page_{number}")


def detail(entity: str = "7", tenant: int = 1, domain: str = "contacts") -> CacheKey:
    return make_key(tenant, domain, "detail", entity, entity=entity)


def make_bench(
    store: Store,
    clock: Clock,
    *,
    policy: CachePolicy | None = None,
    admission: Admission | None = None,
    sealer: Sealer | None = None,
    near: NearCache[object] | None = None,
    tracer: Tracer | None = None,
    expiry: Expiry | None = None,
    observer: RecordingObserver | None = None,
    sampler: ConsistencySampler | None = None,
    prefix: str = TENANT_PREFIX,
) -> Bench:
    observer = observer or RecordingObserver()
    policy = policy or CachePolicy("contacts", 300.0, jitter=0.0, near=NearMode.OFF)
    rollout = Rollout(observer)
    cache = TenantCache(
        store=store,
        policies={policy.domain: policy},
        observer=observer,
        tracer=tracer or NoOpTracer(),
        clock=clock,
        admission=admission or AlwaysAdmitted(),
        sealer=sealer or AesGcmSealer([SECRET]),
        near=near,
        rollout=rollout,
        expiry=expiry,
        sampler=sampler,
        prefix=prefix,
    )
    return Bench(cache, store, clock, observer, rollout, near)


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that the test moves."""
    return ManualClock()


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Give an empty store, once for each kind."""
    if request.param == "memory":
        opened: Store = MemoryStore(SystemClock())
    else:
        url = request.getfixturevalue("redis_url")
        # Patient: the contract is what is tested here, on machines as busy as they come.
        opened = open_store(
            url, clock=SystemClock(), observer=RecordingObserver(), timeout_s=30.0, connect_timeout_s=30.0
        )
    yield opened
    await opened.aclose()


@pytest.fixture
async def memory() -> AsyncIterator[MemoryStore]:
    """Give an empty memory store on the machine's clock."""
    opened = MemoryStore(SystemClock())
    yield opened
    await opened.aclose()


@pytest.fixture
async def bench(store: Store) -> AsyncIterator[Bench]:
    """Give a cache on each kind of store."""
    made = make_bench(store, SystemClock())
    yield made
    await made.cache.aclose()


@pytest.fixture
def bound() -> Iterator[None]:
    """Bind the tenant whose keys the tests make."""
    with bind(1):
        yield


@pytest.fixture
async def timed(clock: ManualClock) -> AsyncIterator[Bench]:
    """Give a cache in memory, on a clock that the test moves, over a store that can fail."""
    bench = make_bench(FaultyStore(MemoryStore(clock)), clock, policy=STALE_POLICY)
    yield bench
    await bench.cache.aclose()


def faulty(bench: Bench) -> FaultyStore:
    assert isinstance(bench.store, FaultyStore)
    return bench.store
