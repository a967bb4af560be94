"""Routes of the analytics."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.keys import CacheKeys
from app.routes import parsing, rendering
from app.routes.planning import of_document
from app.routes.table import Operation, Resource
from app.schemas.analytics import Dashboard


async def read_dashboard(request: Request) -> Response:
    """Read the clinic's figures."""
    return rendering.json(await parsing.services_of(request).analytics.dashboard())


RESOURCES = (
    Resource(
        "/api/analytics/dashboard",
        "Analytics",
        (Operation("GET", read_dashboard, answer=Dashboard),),
        of_document(CacheKeys.analytics.dashboard),
    ),
)
