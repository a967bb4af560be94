"""The composition of the service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
from opentelemetry import trace
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import Scope

from app.api_page import render as render_page
from app.auth import TokenResolver
from app.config import AppConfig
from app.faults import FaultLayer
from app.openapi import document
from app.problems import HANDLERS, Unauthenticated, render
from app.routes import STRESS_TABLE, TABLE
from app.routes.table import Resource, route_of
from app.services.registry import Services, make_services
from monitor.clock import Clock, SystemClock
from monitor.database.connections import PoolSettings
from monitor.database.engine import Database
from monitor.errors import AuthenticationError
from monitor.middleware.tenant import TenantMiddleware


def create_app(config: AppConfig, clock: Clock | None = None) -> Starlette:
    """Compose the service.

    Args:
        config: The whole configuration.
        clock: Where time comes from; the machine's own where none is given.
    """
    clock = clock or SystemClock()
    database = Database(
        config.database_url.reveal(),
        observer=_Unobserved(),
        tracer=trace.get_tracer("taskmed"),
        clock=clock,
        pool=PoolSettings(size=config.pool_size),
        slow_query_s=config.monitor.slow_query_s,
    )
    services = make_services(database, clock)
    app = Starlette(
        routes=[route_of(resource) for resource in table_of(config)],
        middleware=_middleware(config, clock, services),
        exception_handlers=HANDLERS,
        lifespan=_closing(database),
    )
    app.router.redirect_slashes = False
    _hand_over(app, config, services)
    return app


def table_of(config: AppConfig) -> tuple[Resource, ...]:
    """Return the resources that are served under `config`."""
    return (*TABLE, *STRESS_TABLE) if config.stress else TABLE


def public_paths(table: Sequence[Resource]) -> frozenset[str]:
    """Return the paths of `table` that need no sign-in."""
    return frozenset(resource.path for resource in table if all(one.public for one in resource.operations))


def refuse(scope: Scope, error: AuthenticationError) -> Response:
    """Answer a request without valid credentials."""
    return render(Unauthenticated(f"Send a valid bearer token; this one is {error.reason}."), scope)


def _middleware(config: AppConfig, clock: Clock, services: Services) -> list[Middleware]:
    resolver = TokenResolver(config.token_keys, clock, leeway_s=config.token_leeway_s)
    chain = [
        Middleware(TenantMiddleware, resolver=resolver, public=public_paths(table_of(config)), refusal=refuse)
    ]
    if config.stress:
        chain.append(Middleware(FaultLayer, stress=services.stress, clock=clock))
    return chain


def _hand_over(app: Starlette, config: AppConfig, services: Services) -> None:
    described = document()
    app.state.services = services
    app.state.max_body_bytes = config.max_body_bytes
    app.state.openapi = msgspec.json.encode(described)
    app.state.api_page = render_page(described)


def _closing(database: Database) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await database.aclose()

    return lifespan


class _Unobserved:
    """Hears what the database does and tells nobody."""

    def queried(self, *_facts: object) -> None:
        """Ignore a statement."""

    def slow_query(self, *_facts: object) -> None:
        """Ignore a slow statement."""

    def pool_waited(self, *_facts: object) -> None:
        """Ignore a wait."""

    def pool_sized(self, *_facts: object) -> None:
        """Ignore a size."""
