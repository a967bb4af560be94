"""Who is asking is settled, and the tenant bound, before anything of a tenant is touched."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from monitor.errors import AuthenticationError, TenantNotBound
from monitor.middleware.request import record_of
from monitor.middleware.sign_in import SignIn
from monitor.middleware.tenant import TenantMiddleware
from monitor.tenancy.context import bound_tenant, current_tenant
from monitor.tenancy.identity import Identity, TenantId
from tests.monitor.middleware.probe import Client

OPERATOR = Identity(None, "root", "operator", operator=True)


class Tokens:
    """A resolver with three tokens: those of clinic 1 and 2, and an operator's."""

    def resolve(self, authorization: bytes) -> Identity:
        if authorization == b"Bearer operator":
            return OPERATOR
        if authorization in (b"Bearer 1", b"Bearer 2"):
            return Identity(TenantId(authorization[-1:].decode()), "u1", "staff")
        raise AuthenticationError("malformed" if authorization else "missing")


async def who(request: Request) -> Response:
    await asyncio.sleep(0)
    record = record_of(request.scope)
    return JSONResponse({"bound": bound_tenant(), "record": record.tenant, "user": _user(request)})


def _user(request: Request) -> str | None:
    identity: Identity | None = getattr(request.state, "identity", None)
    return None if identity is None else identity.user


async def data(_: Request) -> Response:
    return PlainTextResponse(str(int(current_tenant())))


async def chat(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(str(bound_tenant()))
    await socket.close()


def app(**options: Any) -> TenantMiddleware:
    routes = [Route("/who", who), Route("/open", who), Route("/data", data), WebSocketRoute("/chat", chat)]
    return TenantMiddleware(Starlette(routes=routes), sign_in=SignIn(Tokens()), public={"/open"}, **options)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_the_tenant_of_the_credentials_is_bound() -> None:
    """Inside the application the caller's tenant is bound, on the record and in the state."""
    answer = TestClient(app()).get("/who", headers=bearer("1"))

    assert answer.json() == {"bound": 1, "record": 1, "user": "u1"}
    assert bound_tenant() is None


@pytest.mark.parametrize("headers", [{}, bearer("nonsense"), {"Authorization": ""}])
def test_a_request_without_valid_credentials_is_refused(headers: dict[str, str]) -> None:
    """It is answered 401 with a challenge and a problem document, and never reaches the application."""
    answer = TestClient(app()).get("/who", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Unauthorized"
    assert "nonsense" not in answer.text


def test_the_refusal_can_be_the_services_own() -> None:
    """A service answers in its own words, knowing the scope and the reason."""

    def refusal(scope: Scope, error: AuthenticationError) -> Response:
        return PlainTextResponse(f"{scope['path']} {error.reason}", 401)

    answer = TestClient(app(refusal=refusal)).get("/who")

    assert answer.text == "/who missing"


@pytest.mark.parametrize(
    ("headers", "bound"), [({}, None), (bearer("nonsense"), None), (bearer("2"), 2)], ids=str
)
def test_a_public_path_needs_no_credentials_and_takes_valid_ones(
    headers: dict[str, str], bound: int | None
) -> None:
    """On a public path invalid credentials are as good as none."""
    answer = TestClient(app()).get("/open", headers=headers)

    assert (answer.status_code, answer.json()["bound"]) == (200, bound)


def test_public_paths_may_be_a_predicate() -> None:
    """A service may say by rule which paths are public."""
    guarded = TenantMiddleware(
        Starlette(routes=[Route("/open/a", who)]),
        sign_in=SignIn(Tokens()),
        public=lambda path: path.startswith("/open/"),
    )

    assert TestClient(guarded).get("/open/a").status_code == 200


def test_an_operator_passes_and_touches_no_tenants_data() -> None:
    """Without a tenant of its own an operator's request fails closed at tenant data."""
    client = TestClient(app())

    assert client.get("/who", headers=bearer("operator")).json() == {
        "bound": None,
        "record": None,
        "user": "root",
    }
    with pytest.raises(TenantNotBound):
        client.get("/data", headers=bearer("operator"))


async def test_requests_at_once_never_mix_their_tenants() -> None:
    """Each of many concurrent requests sees its own tenant, before and after it waits."""
    guarded = app()
    clients = [
        Client("/who", headers=[(b"authorization", b"Bearer %d" % (1 + turn % 2))]) for turn in range(50)
    ]

    await asyncio.gather(*(client.call(guarded) for client in clients))

    bodies = [client.sent[1]["body"] for client in clients]
    assert bodies == [b'{"bound":%d,"record":%d,"user":"u1"}' % (n, n) for n in (1, 2) * 25]


def test_a_websocket_is_bound_too() -> None:
    """A connection's handler runs with the caller's tenant bound."""
    with TestClient(app()).websocket_connect("/chat", headers=bearer("2")) as socket:
        assert socket.receive_text() == "2"


@pytest.mark.parametrize(
    ("extensions", "first"),
    [({"websocket.http.response": {}}, "websocket.http.response.start"), ({}, "websocket.close")],
    ids=["server can answer", "server can only close"],
)
async def test_a_websocket_without_credentials_is_refused_before_it_opens(
    extensions: dict[str, Any], first: str
) -> None:
    """The handshake is answered with the refusal where the server can send one, else closed."""
    client = Client("/chat")

    await app()(
        {**client.scope(), "type": "websocket", "extensions": extensions}, client.receive, client.send
    )

    assert client.sent[0]["type"] == first
    assert client.sent[0].get("status", 401) == 401
    assert client.sent[0].get("code", 1008) == 1008


async def test_what_is_no_request_passes_through() -> None:
    """Lifespan messages need no credentials."""
    passed: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["type"])

    client = Client("/")
    await TenantMiddleware(inner, sign_in=SignIn(Tokens()))({"type": "lifespan"}, client.receive, client.send)

    assert passed == ["lifespan"]
