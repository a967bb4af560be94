"""A worker of a small service on the kit, run as a process of its own: `worker.py PORT DIRECTORY`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from monitor.cache.policy import CachePolicy
from monitor.kit.adoption import Adoption
from monitor.kit.build_monitor import build_monitor
from monitor.settings import MonitorSettings
from monitor.tenancy.identity import Identity, TenantId


class Plain:
    """Trusts whoever says which clinic it is."""

    def resolve(self, authorization: bytes) -> Identity:
        return Identity(TenantId(authorization.decode().removeprefix("Bearer ")), "u", "staff")


async def work(request: Request) -> PlainTextResponse:
    """Answer, or fail where the path says so."""
    return PlainTextResponse("done", 500 if request.path_params["how"] == "badly" else 200)


def main(port: str, directory: str) -> None:
    """Serve until ended."""
    settings = MonitorSettings(
        sampling_ratio=1.0,
        trusted_callers=("127.0.0.1",),
        scrape_interval_s=0,
        metrics_directory=Path(directory),
        access_log=False,
        log_level="error",
    )
    monitor = build_monitor(settings, Adoption(Plain(), policies=[CachePolicy("contacts", ttl_s=60.0)]))
    app = Starlette(
        routes=[Route("/visits/{how}", work), *monitor.routes()],
        middleware=monitor.middleware(),
        lifespan=monitor.lifespan,
    )
    uvicorn.run(app, port=int(port), log_level=logging.ERROR, access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
