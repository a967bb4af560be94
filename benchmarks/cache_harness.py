"""What the cache benchmarks share: a Redis of their own, our cache as the service builds it, the rivals."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from opentelemetry.context import attach, detach
from opentelemetry.trace import NoOpTracer
from prometheus_client import CollectorRegistry

from app.drill.binaries import Binaries
from app.drill.stack import RedisServer
from monitor.cache.admission import AlwaysAdmitted
from monitor.cache.cache_aside import TenantCache
from monitor.cache.near_cache import NearCache
from monitor.cache.policy import CachePolicy, NearMode
from monitor.cache.rollout import Rollout
from monitor.cache.sealing import AesGcmSealer
from monitor.clock import SystemClock
from monitor.metrics.measurements import Measurements
from monitor.redis.open_store import open_store
from monitor.tracing.provider import Service, build_tracing

NO_HEADERS = MappingProxyType({})
SECRET = bytes(range(32))
VALUE = os.urandom(512).hex().encode()


@contextmanager
def redis() -> Iterator[RedisServer]:
    """Run a Redis for one benchmark."""
    root = Path(__file__).resolve().parent.parent
    program = Binaries(os.environ, root / ".cache" / "servers").find("redis-server")
    with RedisServer(program) as server:
        yield server


@contextmanager
def measurements(domains: tuple[str, ...] = ("contacts",)) -> Iterator[Measurements]:
    """Count as the service does."""
    made = Measurements(CollectorRegistry(), SystemClock(), domains=domains)
    try:
        yield made
    finally:
        made.close()


class TracedRequest:
    """A request around one lookup: its trace begins and ends as the performance middleware lets it."""

    scope = MappingProxyType({})
    method, route, status, outcome, error_type = "GET", "/bench", 200, "success", None
    tenant, cache = 1, "hit"

    def __init__(self, tracing, clock):
        self._requests, self._now = tracing.requests, clock.monotonic

    async def around(self, look_up):
        self.started = self._now()
        self.trace = self._requests.begin(NO_HEADERS, self.started)
        token = attach(self.trace.context)
        try:
            return await look_up()
        finally:
            detach(token)
            self.ended = self._now()
            self.trace.finish(self)


def service_tracing(counted, clock):
    """Build the tracing room as the service does: one request in a hundred is sampled, none is sent."""
    resource = Service("bench", "0", "bench", "1")
    return build_tracing(resource, clock=clock, observer=counted.traces, ratio=0.01, slow_s=0.1)


def machine():
    """Describe what the figures were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    return f"{os.cpu_count()} CPUs ({model}), Python {platform.python_version()}, {platform.system()}"


def our_cache(url, observer, *, near=NearMode.OFF, tracer=None, timeout_s=0.04, admission=None, **policy):
    """Build the cache as the service does: sealed, counted, with the breaker."""
    clock = SystemClock()
    policy = {"jitter": 0.1, **policy}
    return TenantCache(
        store=open_store(url, clock=clock, observer=observer, timeout_s=timeout_s),
        policies={"contacts": CachePolicy("contacts", 300.0, near=near, **policy)},
        observer=observer,
        tracer=tracer or NoOpTracer(),
        clock=clock,
        admission=admission or AlwaysAdmitted(),
        sealer=AesGcmSealer([SECRET]),
        near=NearCache(sized=observer.near_cache_sized),
        rollout=Rollout(observer),
    )


def percentile(values, share):
    """Return the value below which `share` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def rate(callers, make_call, seconds):
    """Let `callers` call in a closed loop for `seconds`; return calls a second and CPU microseconds a call.

    `make_call(number)` returns the argumentless coroutine function of one caller, made in its own task.
    """
    done = 0
    ends = 0.0

    async def one(number):
        nonlocal done
        call = make_call(number)
        await call()
        done += 1
        while time.perf_counter() < ends:
            await call()
            done += 1

    began, spent = time.perf_counter(), time.process_time()
    ends = began + seconds
    await asyncio.gather(*(one(number) for number in range(callers)))
    took, spent = time.perf_counter() - began, time.process_time() - spent
    return done / took, spent / done * 1e6
