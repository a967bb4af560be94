"""Addresses of the console, and where a sign-in may lead."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from monitor.console.links import Links, is_console_path
from monitor.tenancy.naming import TenantNaming


def test_parts_and_queries_are_quoted() -> None:
    """Whatever a part holds, it stays one part."""
    links = Links("/ops")
    assert links.home == "/ops/console"
    assert links.tenants(7) == "/ops/console/tenants/7"
    assert links.narrowed("cache", 7) == "/ops/console/cache?tenant=7"
    assert links.narrowed("cache", None) == "/ops/console/cache"
    assert links.to("a/b", route="/x?y", empty="", none=None) == "/ops/console/a%2Fb?route=%2Fx%3Fy"


@pytest.mark.parametrize(
    ("wanted", "onward"),
    [
        ("/console/cache", "/console/cache"),
        ("/console?x=1", "/console?x=1"),
        ("", "/console"),
        ("https://elsewhere.example/console/", "/console"),
        ("//elsewhere.example/console/", "/console"),
        ("/console/\\elsewhere", "/console"),
        ("/consoles", "/console"),
        ("/api/contacts", "/console"),
        ("/console/../api/contacts", "/console"),
        ("/console/./x", "/console"),
        ("/console/%2e%2E/api", "/console"),
        ("/console/%252e%252e/api", "/console"),
        ("/console/%5c%2felsewhere.example", "/console"),
        ("/console/a\tb", "/console"),
        ("/console/a\r\nLocation: x", "/console"),
        (" /console/cache", "/console"),
        ("/console/cache?from=a%20b&to=%2e%2e", "/console/cache?from=a%20b&to=%2e%2e"),
        ("javascript:alert(1)//console/", "/console"),
    ],
)
def test_a_sign_in_leads_into_the_console(wanted: str, onward: str) -> None:
    """An address that came with the request cannot lead anywhere else."""
    assert Links().back(wanted) == onward


@given(st.text())
def test_no_text_leads_to_another_host(wanted: str) -> None:
    """As a browser joins addresses, the host stays."""
    onward = urljoin("http://clinic.test/console/sign-in", Links().back(wanted))
    assert urlsplit(onward).netloc == "clinic.test"


@pytest.mark.parametrize(
    ("path", "own"), [("/console", True), ("/console/x", True), ("/consoles", False), ("/api", False)]
)
def test_which_paths_are_the_consoles(path: str, *, own: bool) -> None:
    """The tenant middleware lets these pass without a header."""
    assert is_console_path(path) is own


@pytest.mark.parametrize("root", ["//elsewhere.example", "/a b", "/a\\b", "/a\nb"])
def test_a_prefix_that_could_name_a_host_is_none(root: str) -> None:
    """What a proxy or a server says of the prefix is checked before it begins an address."""
    request = Request({"type": "http", "root_path": root, "headers": []})

    assert Links.of(request, TenantNaming()).home == "/console"


@given(st.text(alphabet="/.%25eE2fFcC5\\consle?#@:", max_size=30))
def test_no_text_leaves_the_console(tail: str) -> None:
    """As a browser joins addresses, dots and codes for dots included, the path stays the console's."""
    onward = urljoin("http://clinic.test/console/sign-in", Links().back(f"/console/{tail}"))
    path = urlsplit(onward).path
    while unquote(path) != path:
        path = unquote(path)

    assert is_console_path(posixpath.normpath(path))
