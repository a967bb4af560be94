"""The console's routes where the extra `console` is installed, else a notice that says what to install."""

from __future__ import annotations

from collections.abc import Container
from functools import partial
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from monitor.cache.rollout import Rollout
from monitor.cache.store import Store
from monitor.clock import Clock
from monitor.console.links import PREFIX
from monitor.errors import ConfigurationError
from monitor.extras import needed_for
from monitor.kit.adoption import Adoption
from monitor.metrics.measurements import Measurements
from monitor.operations.cache_switch_endpoint import CacheSwitch
from monitor.operations.health import Health
from monitor.settings import MonitorSettings
from monitor.tracing.recent import RecentTraces


def console_or_notice(
    settings: MonitorSettings,
    adoption: Adoption,
    *,
    measurements: Measurements,
    health: Health,
    recent: RecentTraces,
    rollout: Rollout,
    switch: CacheSwitch,
    clock: Clock,
    store: Store,
    probes: Container[str],
) -> list[BaseRoute]:
    """Return everything under `/console`.

    Raises:
        ConfigurationError: The adoption names keys for a console that is not installed.
    """
    try:
        with needed_for("console_keys", "console"):
            from monitor.console.composition import Watched, join  # noqa: PLC0415 - a service may do without
    except ConfigurationError as missing:
        if adoption.console_keys:
            raise
        return [Route(PREFIX, partial(_notice, missing.problem))]
    console = join(
        Watched(
            service=settings.service,
            naming=adoption.naming,
            keys=adoption.console_keys,
            resolver=adoption.resolver,
            objectives=adoption.objectives,
            windows=measurements.windows,
            health=health,
            recent=recent,
            switch=switch,
            rollout=rollout,
            domains=[policy.domain for policy in adoption.policies],
            executor=measurements.executor,
            clock=clock,
            store=store,
            store_prefix=adoption.naming.key_prefix,
            window_s=settings.window_s,
            probes=probes,
        )
    )
    return console.routes()


async def _notice(problem: str, _request: Request) -> Response:
    return PlainTextResponse(f"The console {problem}\n", HTTPStatus.NOT_IMPLEMENTED)
