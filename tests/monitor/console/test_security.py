"""Which forms are taken."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from monitor.console.security import harden, is_encrypted, read_form

FORM = "application/x-www-form-urlencoded"


def request(headers: Mapping[str, str], body: bytes = b"a=1", scheme: str = "http") -> Request:
    sent = {"host": "clinic.test", "content-type": FORM, **headers}

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "method": "POST",
        "scheme": scheme,
        "path": "/console/x",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "server": ("clinic.test", 80),
    }
    return Request(scope, receive)


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"origin": "http://clinic.test"}, True),
        ({"origin": "https://clinic.test"}, True),
        ({"origin": "http://elsewhere.example"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://public.example"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"content-type": "application/json"}, False),
        ({"content-type": "multipart/form-data; boundary=x"}, False),
        ({"content-type": f"{FORM}; charset=utf-8"}, True),
    ],
)
async def test_only_this_sites_own_forms(headers: dict[str, str], *, taken: bool) -> None:
    """The browser's word where it gives it, else the origin; and no other kind of body."""
    assert (await read_form(request(headers)) is not None) is taken


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"a=1&b=two+words&c=", {"a": "1", "b": "two words"}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a=%C3%A9", {"a": "\u00e9"}),
        (b"a=%FF", None),
        (b"\xff", None),
        (b"a=" + b"x" * 9_000, None),
        (b"&".join(b"a%d=1" % at for at in range(21)), None),
    ],
)
async def test_fields(body: bytes, fields: dict[str, str] | None) -> None:
    """Empty fields are left out; what is too long, too many or no text is no form."""
    assert await read_form(request({}, body)) == fields


def test_a_browser_on_https_is_known_behind_a_proxy() -> None:
    """The scheme says so, or the origin that the browser names."""
    assert is_encrypted(request({}, scheme="https"))
    assert is_encrypted(request({"origin": "https://public.example"}))
    assert not is_encrypted(request({"origin": "http://clinic.test"}))


def test_a_header_that_is_set_stays() -> None:
    """Assets are cached although pages are not."""
    answer = harden(Response(headers={"Cache-Control": "public"}))
    assert answer.headers["cache-control"] == "public"
    assert answer.headers["x-content-type-options"] == "nosniff"
