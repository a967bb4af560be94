"""The page of the API is whole, asks no other host for anything, and can be used without a mouse."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from app.api_page import ApiPage, render
from app.openapi import document
from tests.app.service import Service

VOID = {"meta", "link", "br", "img"}


@pytest.fixture(scope="module")
def page() -> ApiPage:
    """Give the rendered page."""
    return render(document())


class Reader(HTMLParser):
    """Reads a page's elements and checks that they nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


def test_the_page_is_well_formed(page: ApiPage) -> None:
    """Elements nest, ids are unique and every link within the page leads somewhere."""
    reader = Reader(page.html)

    assert [] == reader.open
    assert len(reader.ids) == len(set(reader.ids))
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)


def test_the_page_loads_nothing(page: ApiPage) -> None:
    """No script, no inline style, no image, no other host: one document is all there is."""
    reader = Reader(page.html)

    assert {"openapi.json"} == {link for link in reader.links if not link.startswith("#")}
    assert not reader.tags & {"script", "img", "iframe", "link", "form"}
    assert not [name for name in reader.attributes if name == "style" or name.startswith("on")]


def test_the_policy_allows_the_pages_own_style_alone(page: ApiPage) -> None:
    """The policy names the style by its digest and forbids everything else."""
    style = re.search("<style>(.*)</style>", page.html, re.DOTALL)

    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.content_security_policy
    assert page.content_security_policy.startswith("default-src 'none'")
    assert "unsafe" not in page.content_security_policy


def test_every_operation_stands_on_the_page(page: ApiPage) -> None:
    """Each operation and each schema of the document has a place of its own."""
    described = document()
    names = [
        operation["operationId"]
        for item in described["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
    ]

    assert set(names) <= set(Reader(page.html).ids)
    assert {f"schema-{name}" for name in described["components"]["schemas"]} <= set(Reader(page.html).ids)


def test_what_is_linked_to_opens(page: ApiPage) -> None:
    """The targets of links stand inside what can be folded, which a browser opens on the way to them."""
    folded = re.findall(r"<details>(.*?)</summary>(.*?)</details>", page.html, re.DOTALL)

    assert folded
    assert all(" id=" not in head and body.startswith('<div id="') for head, body in folded)


def test_the_page_is_for_keyboards_and_both_lights(page: ApiPage) -> None:
    """There is a way past the navigation, what scrolls can be focused, and dark is as good as light."""
    assert '<a class="skip" href="#content">' in page.html
    assert page.html.count('class="scroll"') == page.html.count('tabindex="0"') > 0
    assert "prefers-color-scheme: dark" in page.html
    assert ":focus-visible" in page.html


def test_what_a_schema_says_is_escaped() -> None:
    """Text of the document is never taken for markup."""
    described = document()
    described["info"]["title"] = "<script>alert(1)</script>"

    assert "<script>" not in render(described).html


async def test_the_page_is_served_to_everyone(sqlite_service: Service) -> None:
    """`/docs` needs no token and carries its policy; `/` leads there."""
    answer = await sqlite_service.stranger.get("/docs")
    root = await sqlite_service.stranger.get("/")

    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["Content-Type"])
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    assert (307, "/docs") == (root.status_code, root.headers["Location"])
