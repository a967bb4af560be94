"""Routes of the API's own description."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.routes.table import Operation, Resource

_HTML_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


async def read_openapi(request: Request) -> Response:
    """Read this description as OpenAPI 3.1."""
    return Response(request.app.state.openapi, media_type="application/json")


async def read_page(request: Request) -> Response:
    """Read this description as a page."""
    page = request.app.state.api_page
    headers = {**_HTML_HEADERS, "Content-Security-Policy": page.content_security_policy}
    return Response(page.html, headers=headers, media_type="text/html")


async def read_root(_request: Request) -> Response:
    """Go to the page."""
    return RedirectResponse("/docs", 307)


RESOURCES = (
    Resource(
        "/openapi.json",
        "Description",
        (Operation("GET", read_openapi, public=True),),
    ),
    Resource(
        "/docs",
        "Description",
        (Operation("GET", read_page, public=True),),
    ),
    Resource("/", "Description", (Operation("GET", read_root, status=307, public=True),)),
)
