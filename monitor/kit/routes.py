"""The kit's own endpoints, as routes for any Starlette application."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from monitor.cache.rollout import Rollout
from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.console.links import is_console_path
from monitor.kit.adoption import Adoption
from monitor.kit.console_routes import console_or_notice
from monitor.metrics.measurements import Measurements
from monitor.middleware.request import record_of
from monitor.operations.cache_switch_endpoint import CacheSwitch
from monitor.operations.cache_warming_endpoint import CacheWarming
from monitor.operations.drain import Drain
from monitor.operations.health import Check, Health
from monitor.operations.summary import Summary
from monitor.operations.traces_endpoint import show_recent_traces
from monitor.route_set import RouteSet
from monitor.settings import MonitorSettings
from monitor.tenancy.identity import Identity
from monitor.tracing.recent import RecentTraces

# Asked by machines, without credentials; no part of any objective.
PROBES = frozenset({"/metrics", "/api/health", "/api/health/live", "/api/health/ready"})


def endpoints(
    settings: MonitorSettings,
    adoption: Adoption,
    checks: Sequence[Check],
    *,
    measurements: Measurements,
    recent: RecentTraces,
    store: Store,
    rollout: Rollout,
    switch: CacheSwitch,
    warming: CacheWarming | None,
    drain: Drain,
    clock: Clock,
) -> list[BaseRoute]:
    """Return exposition, health, summary, recent traces, the cache's switch and warming, and the console."""
    objectives = adoption.objectives
    uncounted = RouteSet(objectives.uncounted)
    health = Health(
        checks,
        measurements.windows,
        objectives,
        measurements.columns,
        clock,
        identity_of,
        adoption.naming,
        measurements.executor,
        timeout_s=settings.check_timeout_s,
        window_s=settings.window_s,
        probes=uncounted,
        drain=drain,
    )
    summary = Summary(
        measurements.windows,
        objectives,
        identity_of,
        adoption.naming,
        measurements.executor,
        window_s=settings.window_s,
        probes=uncounted,
    )
    return [
        Route("/metrics", measurements.exposition.endpoint),
        Route("/api/health", health.endpoint),
        Route("/api/health/live", health.live),
        Route("/api/health/ready", health.ready),
        Route("/api/metrics", summary.endpoint),
        Route("/api/traces", show_recent_traces(recent, may_operate, adoption.naming)),
        Route("/api/cache/switch", switch.endpoint, methods=["GET", "PUT"]),
        *([] if warming is None else [Route("/api/cache/warm", warming.endpoint, methods=["GET", "POST"])]),
        *console_or_notice(
            settings,
            adoption,
            measurements=measurements,
            health=health,
            recent=recent,
            rollout=rollout,
            switch=switch,
            clock=clock,
            store=store,
            probes=uncounted,
        ),
    ]


def public_paths(paths: Collection[str]) -> Callable[[str], bool]:
    """Return the predicate over paths that need no `Authorization` header.

    Args:
        paths: The service's own, beside the probes and the console, which has a sign-in of its own.
    """
    known = PROBES | frozenset(paths)
    return lambda path: path in known or is_console_path(path)


def identity_of(request: Request) -> Identity | None:
    """Return who asks, as the tenant middleware found out."""
    return record_of(request.scope).identity


def may_operate(request: Request) -> bool:
    """Say whether an operator asks."""
    identity = identity_of(request)
    return identity is not None and identity.operator
