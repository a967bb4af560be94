"""A Starlette app that adopts the kit: the last ten lines are all it takes."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from monitor import (
    Adoption,
    CachedRoute,
    CachePolicy,
    Identity,
    MonitorSettings,
    TenantId,
    build_monitor,
    make_key,
)


async def pets(request: Request) -> JSONResponse:
    """Answer with the pets of the tenant that asks."""
    return JSONResponse(["Bello", "Miez"])


class Tokens:
    """Yours: verify a JWT, ask the session store."""

    def resolve(self, authorization: bytes) -> Identity:
        """Take the tenant's number for its token."""
        return Identity(TenantId(authorization.decode().removeprefix("Bearer ")), user="u-1", role="staff")


adoption = Adoption(
    resolver=Tokens(),
    policies=[CachePolicy("pets", ttl_s=60)],
    cached=[CachedRoute("/pets", lambda tenant, _path, _query: make_key(tenant, "pets", "list"))],
)
monitor = build_monitor(MonitorSettings(service="vet", sampling_ratio=1.0), adoption)
app = Starlette(
    routes=[Route("/pets", pets), *monitor.routes()],
    middleware=monitor.middleware(),
    lifespan=monitor.lifespan,
)
