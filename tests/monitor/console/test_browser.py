"""The console in a real browser: what an operator does, sees, hears and may not be shown."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from app.loopback import free_port
from tests.monitor.clinic import make_tables
from tests.monitor.console.browser import Visitor, chromium, served, visiting
from tests.monitor.console.service import Service, build

pytestmark = pytest.mark.browser

PATHS = (
    "/console",
    "/console/tenants",
    "/console/tenants/1",
    "/console/cache",
    "/console/alerts",
    "/console/traces",
)
PHONE = {"viewport": {"width": 390, "height": 844}}


class Site:
    """The running service, its address, and a browser."""

    def __init__(self, service: Service, base: str, browser: Browser) -> None:
        self.service = service
        self.base = base
        self.browser = browser


@pytest.fixture
async def site(sqlite_url: str) -> AsyncIterator[Site]:
    """Give the service over a database, so that the switch is the durable one."""
    await make_tables(sqlite_url)
    service = build(database_url=sqlite_url)
    async with chromium() as browser, served(service.app) as base:
        yield Site(service, base, browser)


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    """Give a signed-in operator's window; nothing may complain in it and nobody else be asked."""
    async with visiting(site.browser, site.base) as visitor:
        await visitor.open("/console")
        await visitor.sign_in()
        await visitor.page.wait_for_selector("#live")
        yield visitor
        assert visitor.complaints == []
        assert visitor.strangers == []


async def test_signing_in_with_a_wrong_token_and_the_right_one(site: Site) -> None:
    """The reason stands beside the field; the right token leads to the page that was asked for."""
    async with visiting(site.browser, site.base) as visitor:
        await visitor.open("/console/alerts")
        assert await visitor.page.evaluate("document.activeElement.id") == "token"
        await visitor.sign_in("nonsense")
        await visitor.shows("[role=alert]", "This token is not valid.")
        assert await visitor.page.get_attribute("#token", "aria-invalid") == "true"
        await visitor.sign_in()
        await visitor.shows("h1", "Alerts")
        await visitor.page.click("button:has-text('Sign out')")
        await visitor.shows("h1", "Sign in")
        names = [cookie.get("name") for cookie in await visitor.page.context.cookies()]
        assert "monitor_console" not in names


async def test_the_page_follows_the_service(site: Site, visitor: Visitor) -> None:
    """New requests appear without a reload, while the focus and open parts stay."""
    await visitor.shows("#connection", "Live")
    await visitor.page.click("figure:has-text('Requests') summary")
    await visitor.page.focus("nav a:has-text('Cache')")
    await visitor.page.evaluate("window.kept = document.getElementById('verdict')")
    await site.service.work(times=12)
    await visitor.shows("#live .tile", "12 in")
    assert await visitor.page.evaluate("window.kept === document.getElementById('verdict')")
    assert await visitor.page.evaluate("document.activeElement.textContent") == "Cache"
    assert await visitor.page.locator("figure details[open]").count() == 1


async def test_it_can_be_paused(site: Site, visitor: Visitor) -> None:
    """What moves by itself can be stopped (WCAG 2.2.2), and goes on afterwards."""
    await visitor.page.click("#pause")
    await visitor.shows("#connection", "Paused")
    assert await visitor.page.get_attribute("#pause", "aria-pressed") == "true"
    await site.service.work(times=7)
    assert "7 in" not in await visitor.text("#live")
    await visitor.page.click("#pause")
    await visitor.shows("#live .tile", "7 in")


async def test_the_switch_off_and_on(site: Site, visitor: Visitor) -> None:
    """Off is off in the service, is shown, and its own button takes it back."""
    await visitor.open("/console/cache")
    await visitor.page.select_option("form[action$=switch] select", "notes")
    await visitor.page.click("button:has-text('Switch off')")
    await visitor.shows("#said", "Switched off.")
    await visitor.shows("#live", "Switched off: notes of all tenants.")
    switch = site.service.monitor.kill_switch
    assert switch is not None
    assert list(await switch.off()) == [(None, "notes")]
    await visitor.page.click("button:has-text('Switch on')")
    await visitor.shows("#live", "The cache is on.")
    assert list(await switch.off()) == []


async def test_a_slow_or_failed_request_is_one_click_away(site: Site, visitor: Visitor) -> None:
    """From the list to the waterfall, whose bars have widths."""
    await site.service.work("/broken", times=2)
    await visitor.page.click("nav a:has-text('Traces')")
    await visitor.page.select_option("select[name=outcome]", "failed")
    await visitor.page.click("button:has-text('Filter')")
    await visitor.page.click("tbody th a >> nth=0")
    await visitor.shows("h1", "Trace")
    await visitor.shows("main", "RuntimeError")
    box = await visitor.page.locator("svg.strip rect").first.bounding_box()
    assert box is not None
    assert box["width"] > 50


async def test_by_keyboard_alone(visitor: Visitor) -> None:
    """Tab goes in the order of the page, from a link that skips the navigation; the focus is seen."""
    order = []
    await visitor.page.evaluate("document.activeElement.blur()")
    for _ in range(9):
        await visitor.page.keyboard.press("Tab")
        order.append(await visitor.page.evaluate("document.activeElement.textContent.trim()"))
    pages = ["Overview", "Tenants", "Cache", "Traces", "Alerts"]
    assert order == ["Skip to the content", "clinic", *pages, "Sign out", "Pause"]
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert await visitor.page.evaluate(outline) == "solid"
    await visitor.open("/console")
    await visitor.page.keyboard.press("Tab")
    await visitor.page.keyboard.press("Enter")
    assert await visitor.page.evaluate("document.activeElement.id") == "content"


async def test_what_a_screen_reader_finds(site: Site, visitor: Visitor) -> None:
    """Landmarks, headings, charts with their sentence, tables with names, a status that is told."""
    await site.service.work(times=30)
    await visitor.shows("#live .tile", "30 in")
    tree = await visitor.page.locator("body").aria_snapshot()
    for part in (
        "- banner:",
        '- navigation "Pages":',
        "- main:",
        '- heading "Overview" [level=1]',
        'img "Response time since',
        '- table "Tenants":',
        "- status:",
    ):
        assert part in tree


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_light_and_dark(site: Site, scheme: str) -> None:
    """The page follows the system, and text stands out from its ground (WCAG AA, 4.5 to 1)."""
    async with visiting(site.browser, site.base, color_scheme=scheme) as visitor:
        await visitor.open("/console")
        await visitor.sign_in()
        await visitor.page.wait_for_selector("#live")
        ground = await visitor.page.evaluate(_GROUND)
        assert (ground > 0.5) is (scheme == "light")
        for selector in ("body", ".tile .note", "nav a:not([aria-current])", ".verdict .badge"):
            ratio = await visitor.page.evaluate(_CONTRAST, selector)
            assert ratio >= 4.5, f"{selector} has a contrast of {ratio:.1f} in {scheme}"


async def test_on_a_phone_nothing_scrolls_sideways(site: Site) -> None:
    """At 390 pixels every page fits, and what is touched is large enough."""
    await site.service.work(times=30)
    await site.service.work("/broken", times=3)
    async with visiting(site.browser, site.base, **PHONE) as visitor:
        await visitor.open("/console")
        await visitor.sign_in()
        for path in PATHS:
            await visitor.open(path)
            assert await visitor.page.evaluate("document.documentElement.scrollWidth") == 390, path
            heights = await visitor.page.evaluate(_HEIGHTS)
            assert min(height for height in heights if height) >= 40, path


async def test_without_a_script(site: Site) -> None:
    """Everything but the following works: pages, forms, links; nothing offers what would not work."""
    async with visiting(site.browser, site.base, java_script_enabled=False) as visitor:
        await visitor.open("/console/cache")
        await visitor.sign_in()
        await visitor.shows("h1", "Cache")
        assert not await visitor.page.locator("#pause").is_visible()
        await visitor.page.click("button:has-text('Switch off')")
        await visitor.shows("#live", "Switched off: everything of all tenants.")


async def test_a_session_that_ends_leads_to_the_sign_in(site: Site, visitor: Visitor) -> None:
    """An open page whose session is over does not stay there with old numbers."""
    await visitor.shows("#connection", "Live")
    del site.service.tokens.known["op-secret"]
    await visitor.page.click("#pause")
    await visitor.page.click("#pause")
    await visitor.shows("h1", "Sign in")
    visitor.complaints.clear()  # the browser tells of the 401 that led here


async def test_a_service_that_is_gone_is_told_and_found_again() -> None:
    """The figures stay with the time they are of; when the service is back, so are new ones."""
    port = free_port()
    async with chromium() as browser, visiting(browser, f"http://127.0.0.1:{port}") as visitor:
        async with served(build().app, port):
            await visitor.open("/console")
            await visitor.sign_in()
            await visitor.shows("#connection", "Live")
        await visitor.shows("#connection", "No answer; figures of ")
        async with served(build().app, port):
            await visitor.shows("#connection", "Live")
            await visitor.page.wait_for_selector("#live")


async def test_a_proxy_before_a_dead_service_does_not_take_the_page_away(
    site: Site, visitor: Visitor
) -> None:
    """An answer of 502 is no page: the figures stay, and are followed again once the service answers."""
    await visitor.page.route("**/console**", lambda route: route.fulfill(status=502, body="away"))
    await visitor.page.click("#pause")
    await visitor.page.click("#pause")
    await visitor.shows("#connection", "No answer; figures of ")
    assert await visitor.text("h1") == "Overview"
    await visitor.page.unroute("**/console**")
    await visitor.shows("#connection", "Live")
    visitor.complaints.clear()  # the browser tells of each 502


async def test_the_policy_is_one_that_bites(site: Site, visitor: Visitor) -> None:
    """An inline script or style, and HTML put in from a string, do nothing in this page."""
    for deed in (
        'document.createElement("script").textContent = "1"',
        'document.body.innerHTML = "<b>x</b>"',
    ):
        refused = await visitor.page.evaluate(f"() => {{ try {{ {deed} }} catch (e) {{ return e.name }} }}")
        assert refused == "TypeError"
    await visitor.page.evaluate("document.body.setAttribute('style', 'display: none')")
    assert await visitor.page.evaluate("getComputedStyle(document.body).display") == "block"
    assert any("Content Security Policy" in text for text in visitor.complaints)
    visitor.complaints.clear()


_HEIGHTS = "[...document.querySelectorAll('button, nav a')].map(e => e.getBoundingClientRect().height)"
# Relative luminance and contrast as WCAG 2.2 defines them.
_BRIGHT = """
    const line = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    const bright = (colour) => {
        const [r, g, b] = colour.match(/[0-9.]+/g).map(Number);
        return 0.2126 * line(r) + 0.7152 * line(g) + 0.0722 * line(b);
    };
"""
_GROUND = f"() => {{ {_BRIGHT} return bright(getComputedStyle(document.body).backgroundColor); }}"
_CONTRAST = f"""(selector) => {{ {_BRIGHT}
    const element = document.querySelector(selector);
    const ground = (e) => getComputedStyle(e).backgroundColor;
    let behind = element;
    while (ground(behind) === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
    const text = bright(getComputedStyle(element).color), back = bright(ground(behind));
    return (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
}}"""
