"""The pages of a running service."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from httpx2 import Response as Answer

from monitor.console.security import CONTENT_SECURITY_POLICY
from monitor.route_set import KIT_ROUTES, RouteSet
from monitor.tenancy.naming import TenantNaming
from tests.monitor.console.service import Operator, Service, build, running

PAGES = {
    "/console": "Overview",
    "/console/tenants": "Tenants",
    "/console/tenants?by=latency": "Tenants",
    "/console/tenants?by=nonsense": "Tenants",
    "/console/tenants/1": "Tenant 1",
    "/console/tenants/999": "Tenant 999",
    "/console/cache": "Cache",
    "/console/alerts": "Alerts",
    "/console/traces": "Traces",
}


class Outline(HTMLParser):
    """What a screen reader finds, and that every element is closed in its order."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def text_of(answer: Answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


@pytest.mark.parametrize(("path", "title"), PAGES.items())
async def test_every_page_can_be_read_by_ear(
    service: Service, operator: Operator, path: str, title: str
) -> None:
    """One heading of the first level, landmarks, named tables, labels, alternatives; nothing inline."""
    await service.work(times=30)
    await service.work("/broken", "staff-2", times=2)
    answer = await operator.get(path)
    assert answer.status_code == 200
    assert f"<h1>{title}</h1>" in answer.text
    page = Outline(answer.text)
    assert page.open == []
    assert len(page.all("main")) == len(page.all("h1")) == 1
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in head for head in page.all("th"))
    assert all(
        (picture.get("role") == "img" and picture["aria-label"]) or "aria-hidden" in picture
        for picture in page.all("svg")
    )
    assert not [
        tag
        for tag, attributes in page.tags
        if "style" in attributes or any(name.startswith("on") for name in attributes)
    ]
    assert page.all("style") == []
    assert all("src" in script for script in page.all("script"))
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize(
    "path", [*PAGES, "/console/sign-in", "/console/assets/console.js", "/console/traces/none"]
)
async def test_every_answer_is_hardened(operator: Operator, path: str) -> None:
    """The policy lets the service's own files in and nothing else."""
    answer = await operator.get(path)
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    if "assets" not in path:
        assert answer.headers["cache-control"] == "no-store"


async def test_the_numbers_of_the_tenants(service: Service, operator: Operator) -> None:
    """Requests, tenants and routes with their counts; a tenant's link leads to its page."""
    await service.work(times=30)
    await service.work(token="staff-2", times=5)
    overview = await operator.get("/console")
    assert 'href="/console/tenants/1"' in overview.text
    assert "/notes" in overview.text
    assert "35 in" in text_of(overview)
    assert "30 in" in text_of(await operator.get("/console/tenants/1"))
    assert (await operator.get("/console/tenants?tenant=2")).headers["location"] == "/console/tenants/2"


async def test_failures_are_seen_at_once(service: Service, operator: Operator) -> None:
    """A failing tenant stands among the issues, with the value and the bound."""
    await service.work("/broken", times=60)
    overview = text_of(await operator.get("/console"))
    assert "tenant 1 Error ratio 100 % at most 5 % just now failed requests" in overview
    assert re.search("Error ratio is broken since [0-9:]{5} UTC( or earlier)? and pages soon[.]", overview)
    assert "firing" not in overview


async def test_operators_own_requests_count_nowhere(service: Service, operator: Operator) -> None:
    """Looking at the service does not change what is seen."""
    for _ in range(5):
        await operator.get("/console")
    assert "0 in" in text_of(await operator.get("/console"))
    routes = {route.path for route in service.app.routes if getattr(route, "path", "").startswith("/console")}  # type: ignore[attr-defined]
    assert {"/console", "/console/tenants/{tenant}", "/console/traces/{trace}"} <= routes
    assert [route for route in routes if route not in RouteSet(KIT_ROUTES)] == []


async def test_the_switch_goes_off_and_on(service: Service, operator: Operator) -> None:
    """Off is off for the scope alone, is shown, and is taken back by its own button."""
    answer = await operator.send("/console/cache", "/console/cache/switch", enabled="no", domain="notes")
    assert answer.headers["location"] == "/console/cache?said=off"
    page = await operator.get(answer.headers["location"])
    assert "Switched off: notes of all tenants." in text_of(page)
    assert "Every worker follows" in text_of(page)
    assert service.monitor.rollout.share(1, "notes") == 0
    answer = await operator.send("/console/cache", "/console/cache/switch", enabled="yes", domain="notes")
    assert "The cache is on." in text_of(await operator.get(answer.headers["location"]))
    assert service.monitor.rollout.full


async def test_a_tenants_cache_is_switched_off(service: Service, operator: Operator) -> None:
    """The tenant's own page says so; other tenants' do not."""
    await operator.send("/console/cache", "/console/cache/switch", enabled="no", tenant="2")
    assert "Off for everything of tenant 2." in text_of(await operator.get("/console/tenants/2"))
    assert "The cache is on for this tenant." in text_of(await operator.get("/console/tenants/1"))
    assert 'value="1"' in (await operator.get("/console/cache?tenant=1")).text


async def test_the_share_is_set(service: Service, operator: Operator) -> None:
    """Of all traffic, of a domain, of a tenant or of both."""
    send = operator.send
    answer = await send("/console/cache", "/console/cache/rollout", share="25")
    assert answer.headers["location"] == "/console/cache?said=share"
    await send("/console/cache", "/console/cache/rollout", share="12.5", domain="notes")
    assert service.monitor.rollout.overall == 0.25
    assert service.monitor.rollout.share(1, "notes") == 0.125
    await send("/console/cache", "/console/cache/rollout", share="5", domain="notes", tenant="1")
    assert service.monitor.rollout.share(1, "notes") == 0.05
    assert "Now 25 %" in text_of(await operator.get("/console/cache"))


@pytest.mark.parametrize(
    ("form", "fields", "said"),
    [
        ("switch", {"enabled": "no", "tenant": "x"}, "scope"),
        ("switch", {"enabled": "no", "tenant": "0"}, "scope"),
        ("switch", {"enabled": "no", "domain": "nothing"}, "scope"),
        ("rollout", {"share": "50", "tenant": "-1"}, "scope"),
        ("rollout", {"share": "101"}, "number"),
        ("rollout", {"share": "nan"}, "number"),
        ("rollout", {}, "number"),
        ("rollout", {"share": "50", "tenant": "1", "domain": "nothing"}, "scope"),
    ],
)
async def test_what_makes_no_sense_changes_nothing(
    service: Service, operator: Operator, form: str, fields: dict[str, str], said: str
) -> None:
    """The page says what would be right."""
    answer = await operator.send("/console/cache", f"/console/cache/{form}", **fields)
    assert answer.headers["location"] == f"/console/cache?said={said}"
    assert "Nothing was changed" in text_of(await operator.get(answer.headers["location"]))
    assert service.monitor.rollout.full


async def test_traces_are_listed_filtered_and_drawn(service: Service, operator: Operator) -> None:
    """A failed request stands first; its page is a waterfall of its spans."""
    await service.work(times=2)
    await service.work("/broken", "staff-2")
    listed = await operator.get("/console/traces")
    links = re.findall(r'href="(/console/traces/[0-9a-f]{32})"', listed.text)
    trace = await operator.get(links[0])
    assert "GET /broken" in text_of(trace)
    assert "RuntimeError" in trace.text
    assert "broken for the test" not in trace.text
    assert len(Outline(trace.text).all("rect")) >= 1
    only = text_of(await operator.get("/console/traces?outcome=failed&tenant=2&route=/broken&longer=0"))
    assert "GET /broken" in only
    assert "GET /notes" not in only
    assert "No trace matches." in text_of(await operator.get("/console/traces?tenant=77"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("tenant=x", "A tenant is a number."),
        ("outcome=x", "An outcome is"),
        ("longer=nan", "The duration is a number"),
    ],
)
async def test_a_filter_that_makes_no_sense_is_told(operator: Operator, query: str, said: str) -> None:
    """The list is shown unfiltered, and the page says why."""
    assert said in text_of(await operator.get(f"/console/traces?{query}"))


async def test_a_trace_that_is_gone(operator: Operator) -> None:
    """It is said that it is no longer kept, with the way back."""
    answer = await operator.get("/console/traces/none")
    assert answer.status_code == 404
    assert "no longer kept" in text_of(answer)


async def test_what_was_typed_is_never_markup(operator: Operator) -> None:
    """Whatever stands in an address comes back as text."""
    hostile = "<script>alert(1)</script>"
    for path in ("/console/traces", "/console/cache"):
        page = await operator.browser.get(path, params={"route": hostile, "tenant": hostile, "said": hostile})
        assert hostile not in page.text


async def test_events_show_the_page_anew(service: Service, operator: Operator) -> None:
    """An unknown view is not found; without a session there is none."""
    assert (await operator.get("/console/events?view=nothing")).status_code == 404
    assert (await operator.get("/console/events?view=tenants:nothing")).status_code == 404
    async with service.browser() as browser:
        assert (await browser.get("/console/events?view=overview")).status_code == 401


async def test_assets_are_kept_by_version(operator: Operator) -> None:
    """A versioned address never changes, others are checked again; nothing else is served."""
    page = (await operator.get("/console")).text
    for address in re.findall(r'(?:href|src)="(/console/assets/[^"]+)"', page):
        asset = await operator.get(address)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]
        plain = await operator.get(address.split("?")[0], if_none_match="")
        assert plain.headers["cache-control"] == "no-cache"
    for name in ("nothing.css", "..%2Fconsole.py"):
        assert (await operator.get(f"/console/assets/{name}")).status_code == 404


async def test_an_asset_that_is_known_is_not_sent_again(operator: Operator) -> None:
    """A browser that names its version gets an empty answer."""
    first = await operator.get("/console/assets/console.css")
    again = await operator.browser.get(
        "/console/assets/console.css", headers={"if-none-match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_the_console_is_every_adopters() -> None:
    """Without keys of its own a service has a console too; one is drawn."""
    assert {"/console", "/console/tenants/{tenant}", "/console/traces/{trace}"} <= {
        getattr(route, "path", "") for route in build(console_keys=()).app.routes
    }


async def test_the_console_speaks_of_the_service_s_tenants() -> None:
    """Paths, forms, tables and sentences have the noun that the service gave, and no other."""
    async with (
        running(naming=TenantNaming("account", "accounts")) as service,
        service.operator() as operator,
    ):
        await service.work("/broken", times=60)
        pages = [
            await operator.get(f"/console{path}")
            for path in ("", "/accounts", "/accounts/1", "/cache?account=1", "/alerts", "/traces?account=x")
        ]
        moved = await operator.send(
            "/console/cache", "/console/cache/switch", enabled="no", domain="notes", account="1"
        )
        off = text_of(await operator.get("/console/accounts/1"))
        gone = await operator.get("/console/tenants")

    assert [200] * 6 == [page.status_code for page in pages]
    assert (moved.headers["location"], gone.status_code) == ("/console/cache?said=off", 404)
    assert "Off for notes of account 1." in off
    assert "An account is a number." in text_of(pages[5])
    assert all("tenant" not in text_of(page).lower() for page in pages)
