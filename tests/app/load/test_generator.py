"""Requests sent to a real HTTP server on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.load.arrivals import back_to_back
from app.load.generator import Generator, open_session
from app.load.mix import Mix
from app.load.report import summary, table
from monitor.clock import SystemClock
from monitor.testing.fakes import ManualClock

_NOW = datetime(2025, 6, 17, 9, 30, tzinfo=UTC)


class Clinics:
    """A service that answers everything and remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived: asyncio.Queue[str] = asyncio.Queue()
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.headers["Authorization"], request.path_qs))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.arrived.put_nowait(request.path)
        await self.gate.wait()
        self.in_flight -= 1
        headers = {"Cache-Status": "TaskMed; hit; ttl=9", "ETag": '"v1"'}
        body = json.dumps({"items": [{"id": 1}, {"id": 2}]})
        return web.Response(text=body, status=self.status, headers=headers)


@pytest.fixture
async def clinics() -> Clinics:
    """Give the service's state."""
    return Clinics()


@pytest.fixture
async def url(clinics: Clinics) -> AsyncIterator[str]:
    """Give the address of the running service."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", clinics.answer)
    async with TestServer(application) as server:
        yield str(server.make_url("/")).rstrip("/")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Give a session of eight users."""
    async with open_session(8) as session:
        yield session


def _mix(*clinics: int) -> Mix:
    return Mix(clinics, Random(1), now=_NOW)


async def test_each_request_carries_its_clinics_token(
    url: str, clinics: Clinics, session: aiohttp.ClientSession
) -> None:
    """A clinic's requests are sent with its token and counted with latency and cache outcome."""
    generator = Generator(session, url, _mix(3), {3: "token-3"}, SystemClock(), users=2)

    tally = await generator.run(back_to_back(60), seconds=30.0)

    assert {token for token, _ in clinics.asked} == {"Bearer token-3"}
    assert tally.requests == len(clinics.asked) == 60
    assert tally.error_count == 0
    assert tally.total().cache["hit"] == 60
    assert any(path.startswith("/api/contacts/") for _, path in clinics.asked)


async def test_no_more_users_than_asked_for(
    url: str, clinics: Clinics, session: aiohttp.ClientSession
) -> None:
    """The number of requests in flight is the number of users."""
    clinics.gate.clear()
    generator = Generator(session, url, _mix(1), {1: "t"}, SystemClock(), users=3)
    run = asyncio.create_task(generator.run(back_to_back(12), seconds=30.0))
    for _ in range(3):
        await clinics.arrived.get()
    clinics.gate.set()
    await run
    assert clinics.most_in_flight == 3


async def test_a_wait_for_a_free_user_counts_as_latency(
    url: str, clinics: Clinics, session: aiohttp.ClientSession
) -> None:
    """A request that was due while the only user was busy is measured from the time it was due."""
    clock = ManualClock()
    clinics.gate.clear()
    generator = Generator(session, url, _mix(1), {1: "t"}, clock, users=1)
    run = asyncio.create_task(generator.run(iter([0.0, 0.5]), seconds=60.0))
    await clinics.arrived.get()
    clock.advance(2.0)
    clinics.gate.set()

    tally = await run

    assert sorted(tally.total().latencies) == pytest.approx([1.5, 2.0])


async def test_what_was_due_and_never_sent_is_reported(
    url: str, clinics: Clinics, session: aiohttp.ClientSession
) -> None:
    """When the time is up, requests that found no free user are counted, not forgotten."""
    clock = ManualClock()
    clinics.gate.clear()
    generator = Generator(session, url, _mix(1), {1: "t"}, clock, users=1)
    run = asyncio.create_task(generator.run(iter([0.0, 0.1, 0.2]), seconds=1.0))
    await clinics.arrived.get()
    clock.advance(5.0)
    clinics.gate.set()

    tally = await run

    assert (tally.requests, tally.unsent) == (1, 2)
    assert "2 requests were due and not sent" in str(table(tally).caption)


async def test_an_unreachable_service_is_an_error_of_each_request(session: aiohttp.ClientSession) -> None:
    """Refused connections are counted by name, and the run ends."""
    generator = Generator(session, "http://127.0.0.1:9", _mix(1), {1: "t"}, SystemClock(), users=2)
    tally = await generator.run(back_to_back(5), seconds=30.0)
    assert tally.total().errors == {"ClientConnectorError": 5}


async def test_the_summary_says_what_was_counted(
    url: str, clinics: Clinics, session: aiohttp.ClientSession
) -> None:
    """Requests, errors, hit ratio and percentiles stand in the summary and in the table's last line."""
    clinics.status = 500
    generator = Generator(session, url, _mix(1), {1: "t"}, SystemClock(), users=2)
    tally = await generator.run(back_to_back(10), seconds=30.0)

    found = summary(tally)

    assert found["requests"] == 10
    assert found["total"]["errors"] == {"500": 10}
    assert found["total"]["hitRatio"] == 1.0
    assert set(found["total"]["latencyMs"]) == {"p50", "p95", "p99", "p100"}
    assert table(tally).row_count == len(found["operations"]) + 1
