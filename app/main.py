"""The composition of the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from app.api_page import render as render_page
from app.auth import TokenResolver
from app.columns import TENANT_COLUMN
from app.config import AppConfig
from app.fault_injection import FaultLayer
from app.naming import NAMING
from app.openapi import document
from app.policies import POLICIES
from app.problems import HANDLERS, Unauthenticated, render
from app.routes import STRESS_TABLE, TABLE
from app.routes.table import Resource, route_of
from app.services.registry import Services, make_services
from app.warming import FirstPages
from app.zones import ClinicZones
from monitor.clock import Clock, SystemClock
from monitor.database.connections import PoolSettings
from monitor.errors import AuthenticationError
from monitor.kit.adoption import Adoption
from monitor.kit.monitor import Monitor, build_monitor
from monitor.middleware.cached_route import CachedRoute


def create_app(config: AppConfig, clock: Clock | None = None, stream: BinaryIO | None = None) -> Starlette:
    """Compose the service on the kit.

    Args:
        config: The whole configuration.
        clock: Where time comes from; the machine's own where none is given.
        stream: Where log lines go; standard output where none is given.
    """
    clock = clock or SystemClock()
    zones = ClinicZones()
    monitor = build_monitor(config.monitor, adoption_of(config, clock, zones), clock=clock, stream=stream)
    services = make_services(monitor.opened_database(), clock, zones)
    routes = [route_of(resource) for resource in table_of(config)]
    app = Starlette(
        routes=[*routes, *monitor.routes()],
        middleware=monitor.middleware(_drills(config, clock, services, routes)),
        exception_handlers=HANDLERS,
        lifespan=monitor.lifespan,
    )
    app.router.redirect_slashes = False
    _hand_over(app, config, services, monitor)
    return app


def adoption_of(config: AppConfig, clock: Clock, zones: ClinicZones) -> Adoption:
    """Tell the kit about this service."""
    table = table_of(config)
    return Adoption(
        resolver=TokenResolver(config.token_keys, clock, leeway_s=config.token_leeway_s),
        naming=NAMING,
        policies=tuple(POLICIES.values()),
        cached=[CachedRoute(resource.path, resource.key) for resource in table if resource.key],
        public=public_paths(table),
        database_url=config.database_url.reveal(),
        tenant_column=TENANT_COLUMN,
        pool=PoolSettings(size=config.pool_size, application_name="taskmed"),
        refusal=refuse,
        warmed=FirstPages(clock),
        zone=zones,
        console_keys=[key.secret for key in config.token_keys],
    )


def table_of(config: AppConfig) -> tuple[Resource, ...]:
    """Return the resources that are served under `config`."""
    return (*TABLE, *STRESS_TABLE) if config.stress else TABLE


def public_paths(table: Sequence[Resource]) -> frozenset[str]:
    """Return the paths of `table` that need no sign-in."""
    return frozenset(resource.path for resource in table if all(one.public for one in resource.operations))


def refuse(scope: Scope, error: AuthenticationError) -> Response:
    """Answer a request without valid credentials."""
    return render(Unauthenticated(f"Send a valid bearer token; this one is {error.reason}."), scope)


def _drills(config: AppConfig, clock: Clock, services: Services, routes: Sequence[Route]) -> list[Middleware]:
    layer = Middleware(FaultLayer, stress=services.stress, clock=clock, routes=routes)
    return [layer] if config.stress else []


def _hand_over(app: Starlette, config: AppConfig, services: Services, monitor: Monitor) -> None:
    described = document()
    app.state.monitor = monitor
    app.state.services = services
    app.state.max_body_bytes = config.max_body_bytes
    app.state.openapi = msgspec.json.encode(described)
    app.state.api_page = render_page(described)
