"""A small service on the kit, as the tests of its joints use it: notes of tenants, read and written."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from httpx2 import ASGITransport, AsyncClient
from httpx2 import Response as Answer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.cache.keys import make_key
from monitor.cache.policy import CachePolicy
from monitor.database import scope
from monitor.database.connections import for_writing, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.kit_tables import create_kit_tables
from monitor.errors import AuthenticationError
from monitor.kit.adoption import Adoption
from monitor.kit.build_monitor import build_monitor
from monitor.kit.monitor import Monitor
from monitor.middleware.cached_route import CachedRoute
from monitor.settings import CacheSettings, MonitorSettings
from monitor.tenancy.identity import Identity, TenantId
from tests.monitor.database.notes import METADATA, NOTES

LIST = CachedRoute("/notes", lambda tenant, _path, _query: make_key(tenant, "notes", "list"))


class Tokens:
    """Takes `operator` or a tenant's number for a credential."""

    def resolve(self, authorization: bytes) -> Identity:
        word = authorization.decode()
        if not word:
            raise AuthenticationError("missing")
        if word == "operator":
            return Identity(None, "o-1", "operator", operator=True)
        return Identity(TenantId(word), "u-1", "staff")


class Clinic:
    """The service, and someone who asks it."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.app = Starlette(
            routes=[Route("/notes", self._notes, methods=["GET", "POST"]), *monitor.routes()],
            middleware=monitor.middleware(),
            lifespan=monitor.lifespan,
        )

    async def ask(
        self,
        method: str,
        path: str,
        caller: str = "1",
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; an empty `caller` sends no credential."""
        headers = {**(headers or {}), **({"authorization": caller} if caller else {})}
        transport = ASGITransport(self.app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://clinic") as client:
            return await client.request(method, path, headers=headers, json=body)

    async def get(self, path: str = "/notes", caller: str = "1") -> Answer:
        return await self.ask("GET", path, caller)

    async def write(self, text: str, caller: str = "1") -> Answer:
        return await self.ask("POST", "/notes", caller, text)

    async def outcome(self, caller: str = "1") -> str:
        """Ask for the list and return what the cache did: `hit`, `miss` or `bypass`."""
        status = (await self.get(caller=caller)).headers["cache-status"]
        return status.split("; ")[1].removeprefix("fwd=")

    async def _notes(self, request: Request) -> Response:
        return await (self._list() if request.method in ("GET", "HEAD") else self._add(request))

    async def _list(self) -> Response:
        async with self.monitor.opened_database().reading() as reader:
            rows = await reader.all(scope.select(NOTES, NOTES.c.text).order_by(NOTES.c.id))
        return JSONResponse([row.text for row in rows])

    async def _add(self, request: Request) -> Response:
        text = await request.json()
        async with self.monitor.opened_database().writing() as unit:
            number = await unit.next_id("notes")
            await unit.execute(scope.insert(NOTES, id=number, text=text))
            unit.changed("notes", number)
        return JSONResponse({"id": number}, 201)


@asynccontextmanager
async def clinic(
    database_url: str,
    cache: CacheSettings | None = None,
    stream: io.BytesIO | None = None,
    sampled: float = 0.0,
    **options: Any,
) -> AsyncIterator[Clinic]:
    """Run the service; a `sampled` share of its hits is compared; options are those of MonitorSettings."""
    store = replace(cache or CacheSettings(), sampled_share=sampled)
    settings = MonitorSettings(service="clinic", cache=store, **options)
    adoption = Adoption(
        resolver=Tokens(),
        policies=[CachePolicy("notes", ttl_s=300), CachePolicy("letters", ttl_s=300)],
        cached=[LIST],
        database_url=database_url,
    )
    monitor = build_monitor(settings, adoption, stream=stream or io.BytesIO())
    service = Clinic(monitor)
    async with monitor.lifespan():
        yield service


async def make_tables(database_url: str) -> None:
    """Make the kit's tables and the notes."""
    engine = for_writing(make_engine(database_url, PoolSettings(size=1)))
    async with engine.begin() as connection:
        await connection.run_sync(create_kit_tables)
        await connection.run_sync(METADATA.create_all)
    await engine.dispose()


async def rows_in_outbox(database_url: str) -> int:
    """Count what the outbox holds."""
    engine = make_engine(database_url, PoolSettings(size=1))
    async with engine.connect() as connection:
        count: int = (await connection.execute(sa.text("SELECT count(*) FROM cache_outbox"))).scalar_one()
    await engine.dispose()
    return count
