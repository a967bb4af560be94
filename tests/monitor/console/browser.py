"""A real headless Chromium before the real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright
from starlette.types import ASGIApp

from tests.binaries import need
from tests.conditions import until

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOKEN = "op-secret"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Chromium; without it the test is skipped, or fails on CI."""
    path = need("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def served(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve the application, on a port of its own where none is given, and give its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server._serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving


class Visitor:
    """One window of the browser, and everything that it complained about or asked of others."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    async def open(self, path: str) -> None:
        """Go to a page of the service."""
        await self.page.goto(self.base + path)

    async def sign_in(self, token: str = TOKEN) -> None:
        await self.page.fill("#token", token)
        await self.page.click("button[type=submit]")

    async def text(self, selector: str) -> str:
        return (await self.page.inner_text(selector)).strip()

    async def shows(self, selector: str, text: str) -> None:
        """Wait until the text stands there."""
        await self.page.locator(selector).filter(has_text=text).first.wait_for(timeout=30_000)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asked(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.base).netloc:
            self.strangers.append(url)


@asynccontextmanager
async def visiting(browser: Browser, base: str, **options: Any) -> AsyncIterator[Visitor]:
    """Give a window with a profile of its own; options are those of a browser context."""
    context = await browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    try:
        yield Visitor(await context.new_page(), base)
    finally:
        await context.close()
