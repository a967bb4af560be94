"""Settles who is asking, and binds the tenant before anything of a tenant can be touched."""

from __future__ import annotations

from collections.abc import Callable, Collection
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.errors import AuthenticationError, InvalidTenantId
from monitor.middleware.request import RequestRecord, record_of
from monitor.problems import problem
from monitor.tenancy.context import pop, push
from monitor.tenancy.resolver import TenantResolver

_POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1

Refusal = Callable[[Scope, AuthenticationError], ASGIApp]


class TenantMiddleware:
    """Pure ASGI middleware that turns credentials into an identity and a bound tenant.

    The identity is left in the request's record and in `request.state.identity`. An operator
    has no tenant: the request goes on with none bound, and tenant data fails closed.

    Args:
        app: The application behind.
        resolver: Turns the `Authorization` header into an identity.
        public: Paths that need no credentials, or a predicate over paths. Valid ones are
            still taken there; others are ignored.
        refusal: Makes the answer to a request without valid credentials; by default a
            problem document (RFC 9457) with status 401.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        resolver: TenantResolver,
        public: Collection[str] | Callable[[str], bool] = (),
        refusal: Refusal | None = None,
    ) -> None:
        self._app = app
        self._resolve = resolver.resolve
        self._is_public = public if callable(public) else frozenset(public).__contains__
        self._refusal = refusal or unauthorized

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        record = record_of(scope)
        try:
            identity = self._resolve(_authorization(scope, record))
        except (AuthenticationError, InvalidTenantId) as failure:
            if not self._is_public(_path(scope)):
                await self._refuse(scope, receive, send, _refused(failure))
                return
            await self._app(scope, receive, send)
            return
        record.identity = identity
        record.tenant = tenant = identity.tenant
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


def _refused(failure: AuthenticationError | InvalidTenantId) -> AuthenticationError:
    # A credential that names no possible tenant proves nothing.
    return failure if isinstance(failure, AuthenticationError) else AuthenticationError("malformed")


def unauthorized(scope: Scope, error: AuthenticationError) -> Response:
    """Return a problem document that names the kind of failure and the trace, nothing of the credentials."""
    detail = f"A valid bearer token is needed: {error.reason}."
    return problem(
        HTTPStatus.UNAUTHORIZED, detail, record_of(scope).trace_id, **{"WWW-Authenticate": "Bearer"}
    )


def _authorization(scope: Scope, record: RequestRecord) -> bytes:
    if record.headers is not None:
        return record.headers.get(b"authorization", b"")
    return next((value for name, value in scope["headers"] if name == b"authorization"), b"")


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
