"""Every panel of every dashboard shows something of the real service, once everything has happened to it."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest
import redis

from tests.app.service import KEY_TEXT
from tests.binaries import ROOT
from tests.dashboards.boards import Json, everything
from tests.dashboards.promql import selectors
from tests.e2e.alerting import SCRAPE_S, AlertStack
from tests.monitor.tracing.receiver import otlp_receiver

pytestmark = [
    pytest.mark.prometheus,
    pytest.mark.redis,
    pytest.mark.timeout(300),
    pytest.mark.drill,
    pytest.mark.filterwarnings("default"),
]

# What this service cannot be brought to count, and why: it has no series, and the panels show 0.
NEVER_COUNTED = {
    "websocket_server_active_connections": "the service serves no websocket",
    "websocket_server_connection_duration_seconds_sum": "the service serves no websocket",
    "websocket_server_connection_duration_seconds_count": "the service serves no websocket",
    "monitor_label_overflow_total": "every label of the service has room",
}
_GIVEN = {
    "__rate_interval": f"{4 * SCRAPE_S:g}s",
    "__range": "5m",
    "top": "10",
    "limit": "2000",
    "cost": "400",
    "job": ".+",
}


def _filled(expr: str) -> str:
    return re.sub(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)", lambda match: _GIVEN.get(match[1] or match[2], ".*"), expr)


async def _series(url: str, target: Json, since: float) -> list[Json]:
    """Ask what the panel asks, over the whole story."""
    asked: dict[str, str | float] = {"query": _filled(target["expr"])}
    path = "query"
    if not target["instant"]:
        asked |= {"start": since, "end": time.time(), "step": 1}
        path = "query_range"
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/api/v1/{path}", params=asked) as answer,
    ):
        body = await answer.json()
    assert body["status"] == "success", f"{asked['query']}: {body}"
    result: list[Json] = body["data"]["result"]
    return result


async def _unknown(url: str, since: float) -> set[str]:
    """Return the panels' metrics of which no series has all labels that the panels match on."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for _, target in _targets():
        for selector in selectors(target["expr"]):
            wanted[selector.name] |= selector.labels
    async with aiohttp.ClientSession() as session:
        return {
            name for name, matched in wanted.items() if matched - await _labels(session, url, name, since)
        }


async def _labels(session: aiohttp.ClientSession, url: str, metric: str, since: float) -> set[str]:
    asked = {"match[]": metric, "start": str(since)}
    async with session.get(f"{url}/api/v1/series", params=asked) as answer:
        found: list[dict[str, str]] = (await answer.json())["data"]
    return {label for series in found for label in series}


def _numbers(series: list[Json]) -> list[str]:
    samples = (sample for one in series for sample in one.get("values", [one.get("value")]))
    return [value for _, value in samples if value != "NaN"]


def _targets() -> Iterator[tuple[str, Json]]:
    for name, _, panel in everything():
        for target in panel["targets"]:
            yield f"{name}: {panel['title']}: {target['refId']}", target


async def _fill(stack: AlertStack) -> None:
    """Fill the database with the demo's clinics, whose rows the traffic reads and changes."""
    fill = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.commands.cli", "demo"),
        env=dict(stack.service.environment()),
        cwd=stack.service.folder,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await fill.wait() == 0


@asynccontextmanager
async def _traffic(stack: AlertStack, seconds: int) -> AsyncIterator[None]:
    """Send what clinics send, reads and writes, by the service's own load generator."""
    command = (
        sys.executable,
        "-m",
        "app.commands.cli",
        "load",
        "--url",
        stack.service.url,
        "--clinics",
        "12",
    )
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TASKMED_TOKEN_KEYS": KEY_TEXT}
    load = await asyncio.create_subprocess_exec(
        *command,
        *("--rate", "25", "--users", "10", "--seconds", str(seconds)),
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        if load.returncode is None:
            load.terminate()
        await load.wait()


def _some(value: float) -> bool:
    return value > 0


async def _everything_happens(stack: AlertStack) -> None:
    """Bring about what is rare, each until Prometheus has seen it."""
    await stack.healthy("sum(job_tenant:http_requests:rate5m)", lambda value: value > 1)
    await stack.fault(delayMs=150, errorShare=0.3)
    await stack.told("/page", "ServiceErrorsHigh")
    await stack.fault()
    await stack.healthy("sum(cache_generation_age_seconds_count)", _some)
    await _crowd(stack)
    _spoil(stack)
    await stack.healthy("sum(cache_entries_rejected_total)", _some)
    _change_behind(stack)
    await stack.healthy("sum(cache_inconsistencies_total)", _some)
    await _lose_redis(stack)
    await _lock_database(stack)


async def _crowd(stack: AlertStack) -> None:
    """Ask many times at once for one cold page, behind a queue for connections, until some waited for it."""
    for page in _tries(1_000):
        behind = stack.ask_together(clinic=1, page=page, times=40, apart=True)
        await asyncio.gather(behind, stack.ask_together(clinic=2, page=page, times=40))
        if _some(await stack.value("sum(cache_coalesced_waiters_total)") or 0.0):
            return


def _tries(first: int) -> Iterator[int]:
    """Give numbers of pages that nobody has read, until it has been tried often enough."""
    yield from range(first, first + 20)
    pytest.fail("what should happen did not, however often it was tried")


def _spoil(stack: AlertStack) -> None:
    """Write junk over every stored list."""
    with closing(redis.Redis.from_url(stack.redis.url)) as store:
        for key in store.keys("*:page_*"):
            store.set(key, b"junk", ex=60, xx=True)


def _change_behind(stack: AlertStack) -> None:
    """Change every contact past the service, which so cannot know that what it stored is stale."""
    with closing(sqlite3.connect(stack.service.folder / "taskmed.db", timeout=10)) as database:
        database.execute("UPDATE contacts SET notes = notes || '.'")
        database.commit()


async def _lose_redis(stack: AlertStack) -> None:
    """Take Redis away from loads that are about to store what they loaded, until one could not."""
    for page in _tries(2_000):
        asking = asyncio.create_task(stack.ask_together(clinic=2, page=page, times=200, apart=True))
        await asyncio.to_thread(stack.redis.stop)
        await asking
        await stack.healthy('max(cache_breaker_state{state="open"})', _some)
        await asyncio.to_thread(stack.redis.start)
        await stack.healthy('max(cache_breaker_state{state="open"})', lambda value: value == 0)
        if _some(await stack.value("sum(cache_fills_rejected_total)") or 0.0):
            return


async def _lock_database(stack: AlertStack) -> None:
    """Hold SQLite's one write lock until a write has given up."""
    with closing(sqlite3.connect(stack.service.folder / "taskmed.db", timeout=10)) as database:
        database.execute("BEGIN IMMEDIATE")
        await stack.healthy('sum(db_client_operation_duration_seconds_count{error_type!=""})', _some)
        database.rollback()


async def test_every_panel_has_something_to_show(tmp_path: Path) -> None:
    """Each query of each panel returns data, and each of its metrics and labels is on a real series."""
    since = time.time()
    with otlp_receiver() as collector:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "TASKMED_SLOW_QUERY_MS": "1",
            "TASKMED_SCRAPE_INTERVAL_S": "0",
            "TASKMED_TENANT_BUDGET": "10",
            "TASKMED_NEAR_CACHE_MB": "0",
            "TASKMED_CACHE_SAMPLE_SHARE": "0.2",
            "TASKMED_POOL_SIZE": "2",
        }
        collector.statuses += [400] * 20  # the first exports are refused, and what they held is lost
        async with AlertStack(tmp_path, variables=variables, remembers=True) as stack:
            await _fill(stack)
            async with _traffic(stack, 240):
                await _everything_happens(stack)
            empty = [
                where
                for where, target in _targets()
                if not _numbers(await _series(stack.prometheus.url, target, since))
            ]
            unknown = await _unknown(stack.prometheus.url, since)

    assert not empty, "\n".join(empty)
    assert unknown == set(NEVER_COUNTED)
