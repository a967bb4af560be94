"""Faults set in a real service through its endpoints, in every worker, and why one may be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import aiohttp
import pytest

from app.auth import Role, TokenIssuer
from app.drill.fault_switch import DrillRefused, FaultSwitch
from app.drill.stack import RedisServer, TaskMedServer
from app.drill.stage import operator
from monitor.clock import SystemClock
from tests.app.drill.answers import answering
from tests.app.service import KEY, KEY_TEXT

pytestmark = [pytest.mark.redis, pytest.mark.filterwarnings("default")]


def _variables(redis: str, stress: str) -> Mapping[str, str]:
    return {
        "DATABASE_URL": "sqlite+aiosqlite:///taskmed.db",
        "CACHE_URL": redis,
        "TASKMED_TOKEN_KEYS": KEY_TEXT,
        "TASKMED_SEALING_KEYS": KEY_TEXT,
        "TASKMED_STRESS": stress,
    }


@pytest.fixture(scope="module")
def drilled(_redis_session: RedisServer) -> Iterator[TaskMedServer]:
    """Give a service of two workers that takes faults."""
    with TaskMedServer(_variables(_redis_session.url, "on"), ("--workers", "2")) as server:
        yield server


@pytest.fixture(scope="module")
def spared(_redis_session: RedisServer) -> Iterator[TaskMedServer]:
    """Give a service whose faults are off."""
    with TaskMedServer(_variables(_redis_session.url, "off")) as server:
        yield server


def _as(role: Role) -> Callable[[], str]:
    clinic = None if role is Role.OPERATOR else 1
    return lambda: TokenIssuer((KEY,), SystemClock()).mint(role=role, user="test", clinic=clinic)


async def _active(session: aiohttp.ClientSession, url: str) -> dict[int, bool]:
    """Ask on new connections until both workers have told of their fault."""
    seen: dict[int, bool] = {}
    headers = {"Authorization": f"Bearer {operator((KEY,), SystemClock())()}", "Connection": "close"}
    while len(seen) < 2:
        async with session.get(f"{url}/api/stress/fault", headers=headers) as answer:
            told = await answer.json()
            seen[told["worker"]] = told["active"]
    return seen


async def test_every_worker_takes_the_fault_and_gives_it_back(drilled: TaskMedServer) -> None:
    """A fault of one worker would be half a fault; one left behind would be an outage."""
    async with aiohttp.ClientSession() as session:
        switch = FaultSwitch(session, (drilled.url,), operator((KEY,), SystemClock()))
        await switch.check()
        assert list((await _active(session, drilled.url)).values()) == [False, False]  # both have started
        await switch.set(delayMs=1)
        assert list((await _active(session, drilled.url)).values()) == [True, True]
        await switch.clear()
        assert list((await _active(session, drilled.url)).values()) == [False, False]


async def test_faults_that_are_off_say_what_to_set(spared: TaskMedServer) -> None:
    """The variable stands in the message."""
    async with aiohttp.ClientSession() as session:
        switch = FaultSwitch(session, (spared.url,), operator((KEY,), SystemClock()))
        with pytest.raises(DrillRefused, match="start the service with TASKMED_STRESS=on"):
            await switch.check()


@pytest.mark.parametrize(
    ("token", "status"), [(_as(Role.STAFF), 403), (_as(Role.ADMIN), 403), (lambda: "x", 401)]
)
async def test_a_wrong_token_is_refused(
    drilled: TaskMedServer, token: Callable[[], str], status: int
) -> None:
    """Staff, admins and strangers break nothing; the message names the status and never the token."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(DrillRefused, match=f"HTTP {status}; give an operator's"):
            await FaultSwitch(session, (drilled.url,), token).check()


async def test_nobody_there() -> None:
    """An address where nothing listens is named."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(DrillRefused, match="does not answer"):
            await FaultSwitch(session, ("http://127.0.0.1:1",), lambda: "x").set(delayMs=1)


async def test_a_worker_that_is_never_reached_is_told() -> None:
    """Two workers by the exposition and one that answers: the fault is not called in force."""
    fault = {"active": True, "worker": 7}
    async with (
        answering({"/metrics": "monitor_workers 2\n", "/api/stress/fault": fault}) as url,
        aiohttp.ClientSession() as session,
    ):
        with pytest.raises(DrillRefused, match="1 of 2 workers"):
            await FaultSwitch(session, (url,), lambda: "x").set(delayMs=1)
