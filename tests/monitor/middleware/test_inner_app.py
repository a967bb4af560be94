"""Asking the service from within: behind sign-in, under the tenant, and no request of anybody."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.cache.cache_observer import CacheResult
from monitor.errors import ConfigurationError, IncompleteAnswer
from monitor.middleware.inner_app import InnerApp
from monitor.middleware.request import record_of
from monitor.tenancy.context import bound_tenant, current_tenant
from monitor.tenancy.identity import TenantId

CLINIC = TenantId(7)


def opened(app: ASGIApp) -> InnerApp:
    inner = InnerApp()
    inner.open(app)
    return inner


async def test_the_service_sees_a_signed_in_user_of_the_tenant() -> None:
    """Path, query, tenant, identity and application are those of a request of the clinic's own user."""
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request, record = Request(scope, receive), record_of(scope)
        seen.append((request.method, request.url.path, dict(request.query_params), await request.body()))
        seen.append((current_tenant(), record.tenant, request.state.identity.operator, request.app))
        record.cache = CacheResult.MISS
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    result = await opened(app).ask("/notes/a%20b?day=1&q=x%26y", CLINIC, "the application")

    assert result == "miss"
    assert seen == [
        ("GET", "/notes/a b", {"day": "1", "q": "x&y"}, b""),
        (CLINIC, CLINIC, False, "the application"),
    ]
    assert bound_tenant() is None


@pytest.mark.parametrize(("status", "result"), [(200, "uncached"), (404, "error"), (500, "error")])
async def test_what_was_not_cached_is_told(status: int, result: str) -> None:
    """A path without a plan and an answer that is an error are no warm entries."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})

    assert await opened(app).ask("/", CLINIC, None) == result


async def test_an_application_without_an_answer_is_an_error() -> None:
    """It returned and had said nothing."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        """Say nothing."""

    with pytest.raises(IncompleteAnswer):
        await opened(app).ask("/", CLINIC, None)


async def test_before_the_chain_is_built_nobody_can_be_asked() -> None:
    """The middlewares are built by the first call of the application."""
    assert not InnerApp().is_open
    with pytest.raises(ConfigurationError):
        await InnerApp().ask("/", CLINIC, None)
