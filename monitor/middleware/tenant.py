"""Settles who is asking, and binds the tenant before anything of a tenant can be touched."""

from __future__ import annotations

from collections.abc import Callable, Collection
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.errors import AuthenticationError
from monitor.middleware.request import record_of
from monitor.middleware.sign_in import SignIn
from monitor.problems import problem
from monitor.tenancy.context import pop, push

_POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1

Refusal = Callable[[Scope, AuthenticationError], ASGIApp]


class TenantMiddleware:
    """Pure ASGI middleware that turns credentials into an identity and a bound tenant.

    The identity is left in the request's record and in `request.state.identity`. An operator
    has no tenant: the request goes on with none bound, and tenant data fails closed.

    Args:
        app: The application behind.
        sign_in: Settles who is asking, unless it did so before.
        public: Paths that need no credentials, or a predicate over paths. Valid ones are
            still taken there; others are ignored.
        refusal: Makes the answer to a request without valid credentials; by default a
            problem document (RFC 9457) with status 401.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        sign_in: SignIn,
        public: Collection[str] | Callable[[str], bool] = (),
        refusal: Refusal | None = None,
    ) -> None:
        self._app = app
        self._settle = sign_in.settle
        self._is_public = public if callable(public) else frozenset(public).__contains__
        self._refusal = refusal or unauthorized

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        record = record_of(scope)
        identity = self._settle(scope, record)
        if isinstance(identity, AuthenticationError):
            if not self._is_public(_path(scope)):
                await self._refuse(scope, receive, send, identity)
                return
            await self._app(scope, receive, send)
            return
        tenant = identity.tenant
        scope.setdefault("state", {})["identity"] = identity
        if tenant is None:
            await self._app(scope, receive, send)
            return
        token = push(tenant)
        try:
            await self._app(scope, receive, send)
        finally:
            pop(token)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, error: AuthenticationError) -> None:
        if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        await self._refusal(scope, error)(scope, receive, send)


def unauthorized(scope: Scope, error: AuthenticationError) -> Response:
    """Return a problem document that names the kind of failure and the trace, nothing of the credentials."""
    detail = (
        f"A valid bearer token is needed: {error.reason}. "
        "A path that needs none is named in the adoption, under `public`."
    )
    return problem(
        HTTPStatus.UNAUTHORIZED, detail, record_of(scope).trace_id, **{"WWW-Authenticate": "Bearer"}
    )


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
