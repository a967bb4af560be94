"""The composition of the service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import BinaryIO

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from app.api_page import render as render_page
from app.auth import Role, TokenResolver
from app.columns import TENANT_COLUMN
from app.config import AppConfig
from app.fault_injection import FaultLayer
from app.key_file import KeyFile
from app.naming import NAMING
from app.objectives import OBJECTIVES
from app.openapi import document
from app.policies import POLICIES
from app.problems import HANDLERS
from app.refusals import Refusals
from app.routes import STRESS_TABLE, TABLE
from app.routes.table import Resource, route_of
from app.services.registry import Services, make_services
from app.services.stress import StressService
from app.standing.book import Order, OrderBook
from app.standing.follower import OrderFollower
from app.standing.revocations import Revocations
from app.unstored import Unstored
from app.warming import FirstPages
from app.zones import ClinicZones
from monitor.clock import Clock, SystemClock
from monitor.database.database_settings import PoolSettings
from monitor.kit.adoption import Adoption
from monitor.kit.build_monitor import build_monitor
from monitor.kit.monitor import Monitor
from monitor.middleware.cached_route import CachedRoute

_APPLICATION = "taskmed"


def create_app(config: AppConfig, clock: Clock | None = None, stream: BinaryIO | None = None) -> Starlette:
    """Compose the service on the kit.

    Args:
        config: The whole configuration.
        clock: Where time comes from; the machine's own where none is given.
        stream: Where log lines go; standard output where none is given.
    """
    clock = clock or SystemClock()
    zones, stress, revocations = ClinicZones(), StressService(clock), Revocations(clock.time)
    resolver = resolver_of(config, clock, revocations)
    adoption = adoption_of(config, clock, zones, resolver)
    monitor = build_monitor(config.monitor, adoption, clock=clock, stream=stream)
    standing = _standing(config, clock, [revocations.take, stress.take], resolver)
    services = make_services(monitor.opened_database(), clock, zones, stress, standing)
    routes = [route_of(resource) for resource in table_of(config)]
    app = Starlette(
        routes=[*routes, *monitor.routes()],
        middleware=[Middleware(Unstored), *monitor.middleware(_drills(config, clock, services, routes))],
        exception_handlers=HANDLERS,
        lifespan=_lifespan(monitor, standing),
    )
    app.router.redirect_slashes = False
    _hand_over(app, config, services, monitor)
    return app


def resolver_of(config: AppConfig, clock: Clock, revocations: Revocations) -> TokenResolver:
    """Return what verifies tokens, those withdrawn apart."""
    resolver = TokenResolver(
        config.token_keys,
        clock,
        leeway_s=config.token_leeway_s,
        rules=config.token_rules,
        withdrawn=revocations.withdrawn,
    )
    revocations.listen(resolver.forget)
    return resolver


def adoption_of(config: AppConfig, clock: Clock, zones: ClinicZones, resolver: TokenResolver) -> Adoption:
    """Tell the kit about this service."""
    table = table_of(config)
    return Adoption(
        resolver=resolver,
        naming=NAMING,
        policies=tuple(POLICIES.values()),
        cached=[CachedRoute(resource.path, resource.key) for resource in table if resource.key],
        public=public_paths(table),
        database_url=config.database_url.reveal(),
        tenant_column=TENANT_COLUMN,
        pool=PoolSettings(size=config.pool_size, application_name=_APPLICATION),
        refusal=Refusals(clock),
        objectives=OBJECTIVES,
        warmed=FirstPages(clock),
        warming_role=Role.STAFF,
        zone=zones,
        console_keys=[key.secret for key in config.token_keys],
    )


def table_of(config: AppConfig) -> tuple[Resource, ...]:
    """Return the resources that are served under `config`."""
    return (*TABLE, *STRESS_TABLE) if config.stress else TABLE


def public_paths(table: Sequence[Resource]) -> frozenset[str]:
    """Return the paths of `table` that need no sign-in."""
    return frozenset(resource.path for resource in table if all(one.public for one in resource.operations))


def _standing(
    config: AppConfig, clock: Clock, takers: Sequence[Callable[[Order], None]], resolver: TokenResolver
) -> OrderFollower:
    keys = KeyFile(config.token_keys_file) if config.token_keys_file else None

    def rotate() -> None:
        found = None if keys is None else keys.changed()
        if found is not None:
            resolver.use(found)

    book = OrderBook(config.database_url.reveal(), clock, application_name=_APPLICATION)
    return OrderFollower(book, clock, takers, rotate)


def _lifespan(
    monitor: Monitor, standing: OrderFollower
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with monitor.lifespan(app), standing.running():
            yield

    return lifespan


def _drills(config: AppConfig, clock: Clock, services: Services, routes: Sequence[Route]) -> list[Middleware]:
    layer = Middleware(FaultLayer, stress=services.stress, clock=clock, routes=routes)
    return [layer] if config.stress else []


def _hand_over(app: Starlette, config: AppConfig, services: Services, monitor: Monitor) -> None:
    described = document()
    app.state.monitor = monitor
    app.state.services = services
    app.state.max_body_bytes = config.max_body_bytes
    app.state.longest_token_s = (config.token_rules.longest_s or 0.0) + config.token_leeway_s
    app.state.openapi = msgspec.json.encode(described)
    app.state.api_page = render_page(described)
