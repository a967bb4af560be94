"""Joins the console: what bootstrap hands over, and nothing that it must know."""

from __future__ import annotations

from collections.abc import Container, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from monitor.cache.rollout import Rollout
from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.console.console import Console
from monitor.console.ended_sessions import EndedSessions
from monitor.console.history import course
from monitor.console.live import Live
from monitor.console.session import Sessions
from monitor.console.snapshot import Surveyor
from monitor.console.steering import Steering
from monitor.console.views import Views
from monitor.console.visit import Visits
from monitor.metrics.windows import Windows
from monitor.objectives import Objectives
from monitor.operations.cache_switch_endpoint import CacheSwitch
from monitor.operations.health import Health
from monitor.tenancy.naming import TenantNaming
from monitor.tenancy.resolver import TenantResolver
from monitor.tracing.recent import RecentTraces


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the console looks at and moves.

    Attributes:
        service: The service's name.
        naming: What the service calls its tenants.
        keys: Secrets of 32 bytes and more that seal the sessions, the same in every worker;
            none: one is drawn, which serves a single worker.
        domains: Every cached domain.
        executor: The thread that reads the counts.
        window_s: What rates, averages and percentiles are computed over.
        store: The cache's shared store, where ended sessions are marked.
        store_prefix: What its keys begin with.
        probes: Routes that no user asks for.
    """

    service: str
    naming: TenantNaming
    keys: Sequence[bytes]
    resolver: TenantResolver
    objectives: Objectives
    windows: Windows
    health: Health
    recent: RecentTraces
    switch: CacheSwitch
    rollout: Rollout
    domains: Sequence[str]
    executor: Executor
    clock: Clock
    store: Store
    store_prefix: str = ""
    window_s: float = 300.0
    probes: Container[str] = ()


def join(watched: Watched) -> Console:
    """Return the console of one worker."""
    clock, executor = watched.clock, watched.executor
    surveyor = Surveyor(
        watched.windows,
        watched.objectives,
        watched.health.look,
        watched.switch.off,
        executor,
        clock,
        naming=watched.naming,
        window_s=watched.window_s,
        probes=watched.probes,
    )
    sessions = Sessions(watched.keys, watched.resolver, clock)
    live = Live(surveyor.look, executor, clock)
    return Console(
        Visits(
            sessions,
            EndedSessions(watched.store, clock, watched.store_prefix),
            clock,
            watched.service,
            watched.naming,
        ),
        live,
        Views(watched.objectives, lambda tenant: course(watched.windows, tenant)),
        watched.recent,
        Steering(watched.switch, watched.rollout, watched.domains, live.expire, watched.naming),
        watched.domains,
        executor,
        clock,
    )
