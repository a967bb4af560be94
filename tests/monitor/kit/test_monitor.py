"""The joined kit: what a service gets, whichever store and database stand behind it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry, Counter

from monitor.database import scope
from monitor.errors import ConfigurationError
from monitor.kit.adoption import Adoption
from monitor.kit.build_monitor import build_monitor
from monitor.metrics.catalogue import Kind, Metric
from monitor.settings import CacheSettings, MonitorSettings
from monitor.tenancy.context import bind
from tests.conditions import until
from tests.monitor.clinic import Clinic, Tokens, clinic, make_tables, rows_in_outbox
from tests.monitor.database.notes import NOTES
from tests.servers import RedisServer

SEALING = {"k1": bytes(range(32))}


def on_redis(url: str) -> CacheSettings:
    return CacheSettings(url=url, sealing_keys=SEALING, lease_s=0.4, poll_s=0.1, timeout_s=0.5)


@pytest.fixture
async def notes_url(database_url: str) -> str:
    """Give a database with the kit's tables, once on SQLite and once on PostgreSQL."""
    await make_tables(database_url)
    return database_url


@pytest.fixture
async def notes_on_sqlite(sqlite_url: str) -> str:
    """Give a SQLite database with the kit's tables."""
    await make_tables(sqlite_url)
    return sqlite_url


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest) -> CacheSettings:
    """Give each store."""
    if request.param == "memory":
        return CacheSettings(lease_s=0.4, poll_s=0.1)
    return on_redis(request.getfixturevalue("redis_url"))


async def serving(service: Clinic) -> None:
    """Wait until the cache lease is held and out of quarantine."""

    async def hit() -> bool:
        return await service.outcome() == "hit"

    await until(hit)


async def test_a_write_is_seen_by_the_next_read(notes_url: str, cache: CacheSettings) -> None:
    """On each store and database a cached list is loaded anew after a write, and soon hit again."""
    async with clinic(notes_url, cache) as service:
        await serving(service)
        assert (await service.write("first")).status_code == 201
        after = await service.get()
        await serving(service)
        again = await service.get()

    assert after.json() == again.json() == ["first"]
    assert "; hit" not in after.headers["cache-status"]


async def test_two_workers_on_one_redis_agree(notes_url: str, redis_url: str) -> None:
    """What one worker writes, another one's cache no longer serves once the write was answered."""
    async with clinic(notes_url, on_redis(redis_url)) as one, clinic(notes_url, on_redis(redis_url)) as other:
        await serving(one)
        await serving(other)
        for number in range(20):
            await one.write(f"note {number}")
            assert len((await other.get()).json()) == number + 1


async def test_confirmed_writes_leave_the_outbox_empty(notes_url: str, cache: CacheSettings) -> None:
    """The rows of answered writes are deleted behind the answer."""
    async with clinic(notes_url, cache) as service:
        await serving(service)
        await asyncio.gather(*(service.write(str(number)) for number in range(5)))

    assert await rows_in_outbox(notes_url) == 0


async def test_without_redis_everybody_is_served(notes_on_sqlite: str, fresh_redis: RedisServer) -> None:
    """Redis stops: reads and writes go on from the database, correct, and health says degraded."""
    async with clinic(notes_on_sqlite, on_redis(fresh_redis.url)) as service:
        await serving(service)
        fresh_redis.stop()
        written = await service.write("without a cache")
        read = await service.get()
        health = await service.get("/api/health")

    assert written.status_code == 201
    assert read.json() == ["without a cache"]
    assert health.status_code == 200
    assert health.json()["status"] == "degraded"
    assert not health.json()["cache"]["healthy"]


async def test_one_request_is_one_trace_with_cache_and_database_inside(notes_on_sqlite: str) -> None:
    """Server, cache and database spans nest, and none of them tells what was asked or found."""
    async with clinic(notes_on_sqlite, sampling_ratio=1.0) as service:
        await service.write("Erika Mustermann")
        await service.get()
        answer = await service.get("/api/traces?route=/notes", "operator")

    traces = {trace["method"]: trace for trace in answer.json()["traces"]}
    spans = {span["name"]: span for span in traces["GET"]["spans"]}
    server, cache, select = spans["GET /notes"], spans["cache get notes"], spans["SELECT notes"]
    assert cache["parentId"] == server["spanId"]
    assert select["parentId"] == cache["spanId"]
    assert "Erika" not in answer.text


async def test_each_line_names_trace_clinic_and_route(notes_on_sqlite: str) -> None:
    """A request's line in the log is JSON and carries what connects it to its trace."""
    stream = io.BytesIO()
    async with clinic(notes_on_sqlite, stream=stream) as service:
        await service.get()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    request = next(line for line in lines if line["event"] == "request")

    assert request["tenant"] == 1
    assert request["route"] == "/notes"
    assert len(request["trace_id"]) == 32
    assert len(request["span_id"]) == 16


async def test_what_libraries_log_stands_in_the_same_log(notes_on_sqlite: str) -> None:
    """Lines of structlog and of the standard library become JSON too, without their arguments."""
    stream = io.BytesIO()
    async with clinic(notes_on_sqlite, stream=stream):
        structlog.get_logger("some.library").warning("something", count=3)
        logging.getLogger("other.library").warning("lost %s", "Erika Mustermann")
    lines = {line["event"]: line for line in map(json.loads, stream.getvalue().splitlines())}

    assert lines["something"]["count"] == 3
    assert lines["lost %s"]["logger"] == "other.library"
    assert b"Erika" not in stream.getvalue()


async def test_real_traffic_is_compared_with_the_database(notes_url: str, cache: CacheSettings) -> None:
    """Sampled hits are counted as compared; only a change that no write announced counts as inconsistent."""
    async with clinic(notes_url, cache, sampled=1.0) as service:
        await serving(service)
        await until(lambda: compared(service, "cache_consistency_samples_total"))
        assert not await compared(service, "cache_inconsistencies_total")

        with bind(1):
            async with service.monitor.opened_database().writing() as unit:
                await unit.execute(scope.insert(NOTES, id=1, text="behind the cache's back"))

        async def found_out() -> bool:
            return await service.outcome() == "hit" and await compared(service, "cache_inconsistencies_total")

        await until(found_out)


async def compared(service: Clinic, metric: str) -> bool:
    """Say whether the exposition shows `metric` above zero."""
    lines = (await service.get("/metrics", "")).text.splitlines()
    found = [float(line.rpartition(" ")[2]) for line in lines if line.startswith(metric + "{")]
    return any(value > 0 for value in found)


async def test_the_switch_reaches_a_running_worker(notes_url: str, cache: CacheSettings) -> None:
    """An operator's switch turns the cache off; on again, nothing stored before is served."""
    async with clinic(notes_url, cache) as service:
        await serving(service)
        off = await service.ask("PUT", "/api/cache/switch", "operator", {"enabled": False})

        async def bypassed() -> bool:
            return await service.outcome() == "bypass"

        await until(bypassed)
        await service.ask("PUT", "/api/cache/switch", "operator", {"enabled": True})

        async def used() -> bool:
            return await service.outcome() != "bypass"

        assert off.json() == {"off": [{"tenantId": None, "domain": None}], "shares": []}
        await until(used)


async def test_only_an_operator_moves_the_switch(notes_on_sqlite: str) -> None:
    """A clinic's own user may neither see nor move it, a stranger is asked to sign in."""
    async with clinic(notes_on_sqlite) as service:
        assert (await service.get("/api/cache/switch", "1")).status_code == 403
        assert (await service.get("/api/cache/switch", "")).status_code == 401
        wrong = await service.ask("PUT", "/api/cache/switch", "operator", {"enabled": "maybe"})

    assert wrong.status_code == 422


async def test_a_clinics_user_sees_its_own_numbers_only(notes_on_sqlite: str) -> None:
    """`/api/metrics` names every clinic to an operator and one to its own user."""
    async with clinic(notes_on_sqlite) as service:
        await service.get(caller="1")
        await service.get(caller="2")
        own = (await service.get("/api/metrics", "2")).json()
        all_of_them = (await service.get("/api/metrics", "operator")).json()

    assert [tenant["tenantId"] for tenant in own["tenants"]] == [2]
    assert {1, 2} <= {tenant["tenantId"] for tenant in all_of_them["tenants"]}


async def test_the_services_own_instruments_are_exposed_too() -> None:
    """The registry is the service's: what else it holds stands in the same scrape."""
    registry = CollectorRegistry()
    Counter("letters_sent", "Letters.", registry=registry).inc(3)
    monitor = build_monitor(MonitorSettings(), Adoption(resolver=Tokens()), registry=registry)
    async with monitor.lifespan():
        answer = await Clinic(monitor).get("/metrics", "")

    assert "letters_sent_total 3.0" in answer.text
    assert 'monitor_build_info{service="unknown_service"' in answer.text


async def test_the_services_own_metrics_are_counted_over_all_workers() -> None:
    """They are given in the adoption, and exposed by the kit as its own are."""
    letters = Metric("letters_sent_total", Kind.COUNTER, ("channel",), "", "Letters sent.")
    monitor = build_monitor(MonitorSettings(), Adoption(resolver=Tokens(), metrics=(letters,)))
    monitor.measurements.columns.counters(letters).of("mail").inc()
    async with monitor.lifespan():
        answer = await Clinic(monitor).get("/metrics", "")

    assert 'letters_sent_total{channel="mail"}' in answer.text


def test_a_database_is_asked_for_only_where_one_was_named() -> None:
    """A service without a database gets a clear word, not a None."""
    monitor = build_monitor(MonitorSettings(), Adoption(resolver=Tokens()))
    with pytest.raises(ConfigurationError, match="database_url"):
        monitor.opened_database()


def test_an_application_that_was_built_before_the_fork_is_refused(tmp_path: Path) -> None:
    """Its workers would count into one worker's cells (gunicorn --preload)."""
    settings = MonitorSettings(metrics_directory=tmp_path)
    monitor = build_monitor(settings, Adoption(resolver=Tokens()), stream=io.BytesIO())

    async def start() -> None:
        async with monitor.lifespan():
            pass

    worker = os.fork()
    if worker == 0:
        try:
            asyncio.run(start())
        except ConfigurationError as refused:
            os._exit(7 if "--preload" in refused.problem else 1)
        os._exit(2)

    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 7
    monitor.measurements.close()
