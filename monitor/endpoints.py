"""The kit's own endpoints, as routes for any Starlette application."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from monitor.cache_switch import CacheSwitch
from monitor.clock import Clock
from monitor.health import Check, Health
from monitor.metrics.measurements import Measurements
from monitor.middleware.request import record_of
from monitor.objectives import Objectives
from monitor.settings import MonitorSettings
from monitor.summary import Summary
from monitor.tenancy.identity import Identity
from monitor.tracing.recent import RecentTraces
from monitor.tracing.recent_endpoint import show_recent_traces

# Asked by machines, without credentials; no part of any objective.
PROBES = frozenset({"/metrics", "/api/health", "/api/health/live", "/api/health/ready"})


def endpoints(
    settings: MonitorSettings,
    objectives: Objectives,
    checks: Sequence[Check],
    *,
    measurements: Measurements,
    recent: RecentTraces,
    switch: CacheSwitch,
    clock: Clock,
) -> list[BaseRoute]:
    """Return exposition, health, summary, recent traces and the cache switch."""
    health = Health(
        checks,
        measurements.windows,
        objectives,
        measurements.columns,
        clock,
        identity_of,
        measurements.executor,
        timeout_s=settings.check_timeout_s,
        window_s=settings.window_s,
        probes=PROBES,
    )
    summary = Summary(
        measurements.windows,
        objectives,
        identity_of,
        measurements.executor,
        window_s=settings.window_s,
        probes=PROBES,
    )
    return [
        Route("/metrics", measurements.exposition.endpoint),
        Route("/api/health", health.endpoint),
        Route("/api/health/live", health.live),
        Route("/api/health/ready", health.ready),
        Route("/api/metrics", summary.endpoint),
        Route("/api/traces", show_recent_traces(recent, may_operate)),
        Route("/api/cache/switch", switch.endpoint, methods=["GET", "PUT"]),
    ]


def identity_of(request: Request) -> Identity | None:
    """Return who asks, as the tenant middleware found out."""
    return record_of(request.scope).identity


def may_operate(request: Request) -> bool:
    """Say whether an operator asks."""
    identity = identity_of(request)
    return identity is not None and identity.operator
