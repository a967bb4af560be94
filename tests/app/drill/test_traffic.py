"""The drill's own readers."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from app.auth import TokenResolver
from app.drill.traffic import Traffic
from monitor.clock import SystemClock
from monitor.testing.fakes import ManualClock
from tests.app.drill.answers import answering
from tests.app.service import KEY
from tests.conditions import until


class Asked:
    """Keeps what was asked: the clinic of the token and the page."""

    def __init__(self, clock: ManualClock) -> None:
        self._resolver = TokenResolver((KEY,), clock)
        self.clinics: list[int | None] = []
        self.pages: list[str] = []

    def __call__(self, request: web.Request) -> object:
        identity = self._resolver.resolve(request.headers["Authorization"].encode())
        self.clinics.append(identity.tenant)
        self.pages.append(request.query["page"])
        return {}


@pytest.mark.parametrize(("cold", "pages"), [(False, {"1"}), (True, {"2", "3", "4", "5", "6", "7"})])
async def test_clinics_ask_in_turn_at_their_rate(cold: bool, pages: set[str]) -> None:  # noqa: FBT001 - a pytest parameter
    """Each asks with a token of its own; warm reads are of one page, cold ones never of the same."""
    clock = ManualClock()
    asked = Asked(clock)
    async with answering({"/api/contacts": asked}) as url, aiohttp.ClientSession() as session:
        traffic = Traffic(session, (url,), (KEY,), (2, 3, 7), rate=10.0, clock=clock, cold=cold)
        running = asyncio.create_task(traffic.run())
        await until(lambda: len(asked.pages) == 1 and clock.sleepers == 1)
        for count in range(2, 7):
            clock.advance(0.1)
            await until(lambda n=count: len(asked.pages) == n and clock.sleepers == 1)  # type: ignore[misc]
        running.cancel()
        await asyncio.wait([running])
    assert sorted(map(str, asked.clinics)) == ["2", "2", "3", "3", "7", "7"]
    assert set(asked.pages) == pages


async def test_a_service_that_is_gone_is_asked_on() -> None:
    """Lost connections are part of a drill, not an error of it."""
    async with aiohttp.ClientSession() as session:
        traffic = Traffic(session, ("http://127.0.0.1:1",), (KEY,), (2,), rate=100.0, clock=SystemClock())
        await traffic.ask(2, 1)
        running = asyncio.create_task(traffic.run())
        await asyncio.wait([running], timeout=0.1)
        assert not running.done()
        running.cancel()
        await asyncio.wait([running])
