"""Warming the real service: what is warmed is what a request would have got, byte for byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import pytest

from app.main import create_app
from app.warming import PATHS, FirstPages
from monitor.clock import SystemClock
from monitor.testing.fakes import ManualClock
from tests.app.service import (
    Caller,
    Service,
    appointment,
    config_of,
    contact,
    database_of,
    on_redis,
    record,
    running,
)
from tests.conditions import until

WARM = "/api/cache/warm"


async def fill(service: Service) -> None:
    for caller in (service.staff, service.other):
        await caller.post("/api/contacts", contact())
        await caller.post("/api/appointments", appointment())
        await caller.post("/api/medical-records", record())


async def outcomes(caller: Caller) -> dict[str, str]:
    """Ask for what is warmed and return what the cache made of it."""
    answers = {path: (await caller.get(path)).headers["Cache-Status"] for path in PATHS}
    return {path: status.split("; ")[1] for path, status in answers.items()}


async def all_hit(caller: Caller) -> bool:
    return set((await outcomes(caller)).values()) == {"hit"}


async def warmed(service: Service, **order: object) -> dict[str, Any]:
    """Order a warming and return its progress once it is over."""
    begun = await service.operator.post(WARM, order)
    assert begun.status_code == 202
    assert begun.json()["state"] == "running"
    progress: dict[str, Any] = {}

    async def over() -> bool:
        progress.update((await service.operator.get(WARM)).json())
        return bool(progress["state"] != "running")

    await until(over, 30.0)
    app: Any = service.app
    await app.state.monitor.cache._loading.aclose()  # a fill comes after its answer
    return progress


async def test_what_was_warmed_is_answered_from_the_cache(service: Service) -> None:
    """After a warming every clinic's first pages are hits, on each store and database."""
    await fill(service)
    first = await warmed(service, rate=1_000)

    async def nothing_was_left() -> bool:
        again = await warmed(service, rate=1_000)
        return bool(again["results"] == {"hit": 12})

    assert (first["state"], first["done"], first["total"]) == ("done", 12, 12)
    assert (first["clinicId"], first["rate"]) == (None, 1_000)
    await until(nothing_was_left, 30.0)
    for caller in (service.staff, service.other):
        await until(partial(all_hit, caller), 30.0)


async def test_a_warmed_answer_is_the_requested_one(clinics_on_sqlite: str) -> None:
    """Body, status, tag and headers are those that the same request has without a warming."""
    asked = {}
    for warm in (False, True):
        async with running(config_of(clinics_on_sqlite)) as service:
            if not warm:
                await fill(service)
            if warm:
                await warmed(service, rate=1_000)
            answers = {path: await service.staff.get(path) for path in PATHS}
        asked[warm] = {
            path: (answer.status_code, answer.content, answer.headers["ETag"], answer.headers["Content-Type"])
            for path, answer in answers.items()
            if path != "/api/analytics/dashboard"  # it says when it was made
        }
        statuses = {answer.headers["Cache-Status"].split("; ")[1] for answer in answers.values()}
        assert (statuses == {"hit"}) if warm else ("hit" not in statuses)

    assert asked[True] == asked[False]


async def test_one_clinic_is_warmed_alone(sqlite_service: Service) -> None:
    """The other clinics' answers are left as they are; a clinic that is not there is refused."""
    progress = await warmed(sqlite_service, clinicId=1, rate=1_000)
    nobody = await sqlite_service.operator.post(WARM, {"clinicId": 99})

    assert (progress["clinicId"], progress["total"]) == (1, 6)
    assert set((await outcomes(sqlite_service.staff)).values()) == {"hit"}
    assert "hit" not in (await outcomes(sqlite_service.other)).values()
    assert nobody.status_code == 404


async def test_only_an_operator_warms(sqlite_service: Service) -> None:
    """A clinic's own users may neither order nor watch it; a wrong order is explained."""
    assert (await sqlite_service.admin.get(WARM)).status_code == 403
    assert (await sqlite_service.admin.post(WARM, {})).status_code == 403
    assert (await sqlite_service.stranger.post(WARM, {})).status_code == 401
    assert (await sqlite_service.operator.post(WARM, {"rate": 0})).status_code == 422
    assert (await sqlite_service.operator.post(WARM, {"speed": 1})).status_code == 422


async def test_its_progress_can_be_followed_in_one_answer(sqlite_service: Service) -> None:
    """Each line of the stream is the progress so far; the last one says that it is over."""
    answer = await sqlite_service.operator.ask(
        "POST", WARM, {"rate": 50}, headers={"Accept": "application/x-ndjson"}
    )
    lines = [msgspec.json.decode(line) for line in answer.text.splitlines()]

    assert (lines[0]["state"], lines[-1]["state"], lines[-1]["done"]) == ("running", "done", 12)
    assert [line["done"] for line in lines] == sorted(line["done"] for line in lines)


async def test_one_warming_at_a_time(clinics_on_sqlite: str) -> None:
    """While one is under way another one is refused, and the end of the service gives it up."""
    async with running(config_of(clinics_on_sqlite)) as service:
        await service.operator.post(WARM, {"rate": 0.1})
        refused = await service.operator.post(WARM, {})

    assert refused.status_code == 409


async def test_it_is_no_traffic(sqlite_service: Service) -> None:
    """Lookups are counted as lookups; requests and their times are the clients' own."""
    await warmed(sqlite_service, rate=1_000)
    metrics = (await sqlite_service.stranger.get("/metrics")).text

    assert 'cache_requests_total{tenant="1",domain="contacts",result="miss"} 1' in metrics
    assert 'http_route="/api/contacts"' not in metrics


async def test_a_cache_that_is_switched_off_is_not_warmed(clinics_on_sqlite: str) -> None:
    """It would load the database for nothing: it waits a while, then fails."""
    clock = ManualClock(epoch=SystemClock().time())
    app = create_app(config_of(clinics_on_sqlite), clock)
    async with app.router.lifespan_context(app):
        service = Service(app)
        await service.operator.ask("PUT", "/api/cache/switch", {"enabled": False})
        await service.operator.post(WARM, {})

        async def failed() -> bool:
            progress = (await service.operator.get(WARM)).json()
            clock.advance(0.5)
            return bool(progress["state"] == "failed" and progress["done"] == 0)

        await until(failed)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def starting(request: pytest.FixtureRequest, clinics_on_sqlite: str) -> AsyncIterator[Service]:
    """Give a service that warms as it starts."""
    config = config_of(clinics_on_sqlite)
    if request.param == "redis":
        config = on_redis(clinics_on_sqlite, request.getfixturevalue("redis_url"))
    cache = replace(config.monitor.cache, warm_rate=1_000.0)
    async with running(replace(config, monitor=replace(config.monitor, cache=cache))) as service:
        yield service


async def test_a_worker_can_warm_as_it_starts(starting: Service) -> None:
    """It waits until it may use the cache, and then warms every clinic."""

    async def done() -> bool:
        progress = (await starting.operator.get(WARM)).json()
        return bool(progress["state"] == "done" and progress["done"] == 12)

    await until(done, 30.0)
    await until(partial(all_hit, starting.staff), 30.0)


async def test_the_list_names_the_clinics_own_day(clinics_on_sqlite: str) -> None:
    """At one moment it is another day in another zone; every clinic's list is whole."""
    clock = ManualClock(epoch=1_750_116_600.0)  # 23:30 UTC of 16 June 2025, half past midnight in Lisbon
    database = database_of(clinics_on_sqlite)
    try:
        paths = await FirstPages(clock)(database, None)
    finally:
        await database.aclose()

    assert len(paths) == 2 * (len(PATHS) + 1)
    assert "/api/appointments?date=2025-06-17" in {path.path for path in paths}
