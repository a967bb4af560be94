"""The full template of the matched route, from the router's own match."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, FastAPI
from fastapi import Request as FastRequest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.metrics.catalogue import UNMATCHED
from monitor.middleware.route_template import RouteTemplates


class Templates:
    """Asks for the template of each request, once the application has answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.templates = RouteTemplates()
        self.app = app
        self.found: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        if scope["type"] == "http":
            self.found.append(self.templates.of(scope))

    def of(self, path: str, method: str = "GET", host: str = "testserver") -> str:
        client = TestClient(self, base_url=f"http://{host}", root_path="")
        client.request(method, path, follow_redirects=False)
        return self.found[-1]


async def show(_: Request) -> Response:
    return PlainTextResponse("shown")


ITEM: list[BaseRoute] = [Route("/items/{item_id:int}", show, methods=["GET"])]


def test_a_route_is_named_as_in_the_route_table() -> None:
    """The template is the route's own text, converters included, for every method."""
    templates = Templates(Starlette(routes=ITEM))

    assert templates.of("/items/1") == "/items/{item_id:int}"
    assert templates.of("/items/1", "POST") == "/items/{item_id:int}"
    assert templates.of("/items/x") == UNMATCHED


def test_mounts_contribute_their_templates_and_never_their_values() -> None:
    """A mount's parameter stays a parameter, however deep the mounts are nested."""
    templates = Templates(Starlette(routes=[Mount("/a/{org}", routes=[Mount("/b/{team}", routes=ITEM)])]))

    assert templates.of("/a/acme/b/blue/items/1") == "/a/{org}/b/{team}/items/{item_id:int}"
    assert templates.of("/a/acme/b/blue/other") == UNMATCHED
    assert templates.of("/a/acme") == UNMATCHED


def test_a_mounted_application_is_seen_through_its_middlewares() -> None:
    """A sub-application, wrapped or not, contributes its routes."""
    inner = Starlette(routes=ITEM, middleware=[Middleware(GZipMiddleware)])
    wrapped = GZipMiddleware(Starlette(routes=[Route("/deep/{x}", show)]))
    templates = Templates(Starlette(routes=[Mount("/inner", inner), Mount("/wrapped", wrapped)]))

    assert templates.of("/inner/items/1") == "/inner/items/{item_id:int}"
    assert templates.of("/wrapped/deep/1") == "/wrapped/deep/{x}"


def test_one_application_under_two_prefixes_has_two_templates() -> None:
    """Where a route object is reached by several ways, the path decides between their templates."""
    inner = Starlette(routes=ITEM)
    templates = Templates(Starlette(routes=[Mount("/v1", inner), Mount("/v2/{org}", inner)]))

    assert templates.of("/v1/items/1") == "/v1/items/{item_id:int}"
    assert templates.of("/v2/acme/items/1") == "/v2/{org}/items/{item_id:int}"


def test_a_host_adds_nothing_to_the_path() -> None:
    """Routes behind a host keep their own templates."""
    templates = Templates(Starlette(routes=[Host("api.example.org", app=Starlette(routes=ITEM))]))

    assert templates.of("/items/1", host="api.example.org") == "/items/{item_id:int}"


def test_a_route_added_later_is_found() -> None:
    """The table is read again when a route is met that it does not know."""
    app = Starlette(routes=ITEM)
    templates = Templates(app)
    assert templates.of("/items/1") == "/items/{item_id:int}"

    app.router.routes.append(Route("/late/{x}", show))

    assert templates.of("/late/1") == "/late/{x}"


def test_a_redirect_to_the_right_path_is_unmatched() -> None:
    """A missing slash is answered by the router itself, so no route was matched."""
    assert Templates(Starlette(routes=ITEM)).of("/items/1/") == UNMATCHED


def test_routes_that_no_walk_reaches_are_unmatched_and_bounded() -> None:
    """An application that makes its routes as it goes adds no labels."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Route(scope["path"], show)
        await show_app(scope, receive, send)

    templates = Templates(app)

    assert {templates.of(f"/person/{n}") for n in range(20)} == {UNMATCHED}


async def show_app(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("shown")(scope, receive, send)


def fast_app() -> FastAPI:
    """Routers included with prefixes, nested and twice, and a mounted application."""
    leaf = APIRouter()

    @leaf.get("/items/{item_id}")
    async def item(item_id: int) -> dict[str, int]:
        return {"item": item_id}

    leaf.add_route("/plain/{x}", show)
    branch = APIRouter()
    branch.include_router(leaf, prefix="/branch/{branch}")
    app = FastAPI()
    app.include_router(leaf, prefix="/one")
    app.include_router(leaf, prefix="/two/{org}")
    app.include_router(branch, prefix="/tree")
    app.mount("/mounted/{org}", fast_leaf())

    @app.get("/direct/{x}")
    async def direct(x: str, request: FastRequest) -> str:
        return x + request.method

    return app


def fast_leaf() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> int:
        return item_id

    return app


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/direct/1", "/direct/{x}"),
        ("/one/items/1", "/one/items/{item_id}"),
        ("/two/acme/items/1", "/two/{org}/items/{item_id}"),
        ("/one/items/not-a-number", "/one/items/{item_id}"),
        ("/tree/branch/b/items/1", "/tree/branch/{branch}/items/{item_id}"),
        ("/one/plain/1", "/one/plain/{x}"),
        ("/mounted/acme/items/1", "/mounted/{org}/items/{item_id}"),
        ("/nowhere", UNMATCHED),
        ("/one/nowhere", UNMATCHED),
    ],
)
def test_fastapis_routers_have_full_templates(path: str, template: str) -> None:
    """Routers included with a prefix, nested, twice or mounted are named with all of it."""
    assert Templates(fast_app()).of(path) == template
