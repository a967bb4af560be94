"""A named proxy says what the browser asked for; a stranger says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from monitor.errors import ConfigurationError
from monitor.middleware.forwarded import ForwardedMiddleware
from monitor.networks import Networks


async def seen(
    headers: dict[str, str],
    *,
    client: str = "10.0.0.9",
    root_path: str = "",
    kind: str = "http",
    own: str = "",
) -> tuple[str, str]:
    """Return scheme and prefix as the application sees them behind the proxy 10.0.0.9."""
    told: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        told.append(scope)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        raise AssertionError

    scope: dict[str, Any] = {
        "type": kind,
        "scheme": "http" if kind == "http" else "ws",
        "root_path": own,
        "client": (client, 1),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
    await ForwardedMiddleware(app, proxies=Networks(["10.0.0.0/24"]), root_path=root_path)(
        scope, receive, send
    )
    return told[0]["scheme"], told[0]["root_path"]


async def test_a_named_proxy_is_believed() -> None:
    """It tells scheme and prefix; of several values the last is its own."""
    headers = {"x-forwarded-proto": "http, https", "x-forwarded-prefix": "/clinic/"}

    assert await seen(headers) == ("https", "/clinic")
    assert await seen(headers, kind="websocket") == ("wss", "/clinic")
    assert await seen({"x-forwarded-proto": "https, http"}) == ("http", "")


async def test_a_stranger_is_not() -> None:
    """Anybody may send these headers."""
    headers = {"x-forwarded-proto": "https", "x-forwarded-prefix": "/clinic"}

    assert await seen(headers, client="10.0.1.1") == ("http", "")


@pytest.mark.parametrize("told", ["//elsewhere.example", "/a/../b", "clinic", "/a b", "/\u00e9"])
async def test_a_prefix_that_is_none_is_not_taken(told: str) -> None:
    """It would begin every address that the service writes."""
    assert await seen({"x-forwarded-prefix": told}, root_path="/set") == ("http", "/set")


async def test_the_server_knows_best_and_the_setting_least() -> None:
    """A root path of the server's own stands; the setting fills in where nobody says anything."""
    assert await seen({"x-forwarded-prefix": "/told"}, root_path="/set", own="/own") == ("http", "/own")
    assert await seen({"x-forwarded-prefix": "/told"}, root_path="/set") == ("http", "/told")
    assert await seen({}, root_path="/set/") == ("http", "/set")


def test_a_prefix_in_the_settings_is_checked() -> None:
    """A typo is named at the start."""
    with pytest.raises(ConfigurationError):
        ForwardedMiddleware(lambda *_: None, proxies=Networks(), root_path="clinic")  # type: ignore[arg-type]
