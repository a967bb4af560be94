"""A FastAPI app that adopts the kit; sign-in and cache plans as in `starlette_app.py`."""

from fastapi import FastAPI

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


class Tokens:
    """Yours: verify a JWT, ask the session store."""

    def resolve(self, authorization: bytes) -> Identity:
        """Take the tenant's number for its token."""
        return Identity(TenantId(authorization.decode().removeprefix("Bearer ")), user="u-1", role="staff")


adoption = Adoption(
    resolver=Tokens(),
    policies=[CachePolicy("pets", ttl_s=60)],
    cached=[CachedRoute("/pets/{pet}", lambda tenant, path, _: make_key(tenant, "pets", path["pet"]))],
)
monitor = build_monitor(MonitorSettings(service="vet", sampling_ratio=1.0), adoption)
app = FastAPI(middleware=monitor.middleware(), lifespan=monitor.lifespan, routes=monitor.routes())


@app.get("/pets/{pet}")
async def pet(pet: str) -> dict[str, str]:
    """Answer with one pet of the tenant that asks."""
    return {"name": pet}
