"""What the endpoints promise with the cache before them, in the process and on Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

import httpx2 as httpx
import pytest

from tests.app.service import (
    KEY_TEXT,
    Caller,
    Service,
    appointment,
    config_of,
    contact,
    record,
    running,
)
from tests.conditions import until

CACHED = (
    "/api/contacts",
    "/api/contacts/1",
    "/api/appointments",
    "/api/appointments?date=2025-06-17",
    "/api/appointments/1",
    "/api/medical-records",
    "/api/medical-records/1",
    "/api/analytics/dashboard",
    "/api/settings",
)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def store_variables(request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the variables of each kind of store."""
    if request.param == "memory":
        return {}
    return {"CACHE_URL": request.getfixturevalue("redis_url"), "TASKMED_SEALING_KEYS": KEY_TEXT}


@pytest.fixture
async def service(clinics_on_sqlite: str, store_variables: dict[str, str]) -> AsyncIterator[Service]:
    """Give the running service, once it may use its cache, with one of everything in clinics 1 and 2."""
    config = config_of(clinics_on_sqlite, **store_variables)
    # Short times of the protocol: a new worker stands back from a shared store for one lease.
    cache = replace(config.monitor.cache, lease_s=1.0, poll_s=0.05, timeout_s=1.0)
    async with running(replace(config, monitor=replace(config.monitor, cache=cache))) as service:
        for caller in (service.staff, service.other):
            await caller.post("/api/contacts", contact())
            await caller.post("/api/appointments", appointment())
            await caller.post("/api/medical-records", record())

        async def cache_is_in_use() -> bool:
            return await outcome(service.staff, "/api/settings") == "hit"

        await until(cache_is_in_use, 30.0)
        yield service


async def outcome(caller: Caller, path: str) -> str:
    """Ask, and return what `Cache-Status` says became of it."""
    status = (await caller.get(path)).headers["Cache-Status"]
    return status.split("; ")[1]


async def warm(*callers: Caller) -> None:
    """Return once everything that is cached is answered from the cache; a fill comes after its answer."""
    for caller in callers:
        await until(partial(_all_hit, caller), 30.0)


async def _all_hit(caller: Caller) -> bool:
    return set(CACHED) == await hits(caller)


async def hits(caller: Caller) -> set[str]:
    """Return the paths that are answered from the cache."""
    return {path for path in CACHED if await outcome(caller, path) == "hit"}


async def patch(caller: Caller, path: str, change: dict[str, object]) -> None:
    tag = (await caller.get(path)).headers["ETag"]
    assert 200 == (await caller.ask("PATCH", path, change, version=tag)).status_code


async def test_what_was_read_is_answered_from_the_cache(service: Service) -> None:
    """The second answer is a hit, and it is the first one, byte for byte and tag for tag."""
    first = {path: await service.staff.get(path) for path in CACHED}

    await warm(service.staff)
    for path, answer in first.items():
        again = await service.staff.get(path)
        assert (answer.content, answer.headers["ETag"]) == (again.content, again.headers["ETag"])


async def test_the_clients_copy_is_confirmed_without_a_body(service: Service) -> None:
    """`If-None-Match` with the current tag answers 304; with another clinic's it does not."""
    for path in CACHED:
        own, others = await service.staff.get(path), await service.other.get(path)

        same = await service.staff.ask("GET", path, headers={"If-None-Match": own.headers["ETag"]})
        foreign = await service.staff.ask("GET", path, headers={"If-None-Match": others.headers["ETag"]})

        assert (304, b"") == (same.status_code, same.content)
        assert 200 == foreign.status_code


async def test_each_write_makes_stale_what_it_changes_and_nothing_else(service: Service) -> None:
    """A write of one domain leaves the other domains and the other clinics in the cache."""
    writes: dict[str, tuple[Caller, str, dict[str, object]]] = {
        "/api/contacts": (service.staff, "/api/contacts/1", {"notes": "x"}),
        "/api/appointments": (service.staff, "/api/appointments/1", {"reason": "x"}),
        "/api/medical-records": (service.staff, "/api/medical-records/1", {"title": "x"}),
        "/api/settings": (service.admin, "/api/settings", {"reminderHours": 1}),
    }
    for domain, (writer, path, change) in writes.items():
        await warm(service.staff, service.other)
        await patch(writer, path, change)

        assert {path for path in CACHED if not path.startswith(domain)} == await hits(service.staff)
        assert set(CACHED) == await hits(service.other)


async def test_a_rename_shows_in_the_appointments_at_once(service: Service) -> None:
    """The appointments show a contact's name, so its rename makes them stale."""
    await warm(service.staff)
    await patch(service.staff, "/api/contacts/1", {"name": "Ana Melo"})

    shown = [
        (await service.staff.get("/api/contacts/1")).json()["name"],
        (await service.staff.get("/api/appointments/1")).json()["contactName"],
        (await service.staff.get("/api/appointments")).json()["items"][0]["contactName"],
        (await service.staff.get("/api/appointments?date=2025-06-17")).json()["items"][0]["contactName"],
    ]

    assert ["Ana Melo"] * 4 == shown


async def test_a_booking_leaves_the_other_days_in_the_cache(service: Service) -> None:
    """A write makes stale the lists of the days it begins and began on, and of no other day."""
    seventeenth, eighteenth, nineteenth = (f"/api/appointments?date=2025-06-{day}" for day in (17, 18, 19))

    async def held(path: str) -> None:
        await until(partial(_is_hit, service.staff, path), 30.0)

    for day in (seventeenth, eighteenth, nineteenth):
        await held(day)
    await service.staff.post("/api/appointments", _on("2025-06-18"))
    assert ("hit", "hit") == (
        await outcome(service.staff, seventeenth),
        await outcome(service.staff, nineteenth),
    )
    assert 1 == (await service.staff.get(eighteenth)).json()["total"]

    await held(eighteenth)
    await patch(service.staff, "/api/appointments/2", _on("2025-06-19"))
    assert "hit" == await outcome(service.staff, seventeenth)
    assert 0 == (await service.staff.get(eighteenth)).json()["total"]
    assert 1 == (await service.staff.get(nineteenth)).json()["total"]

    await held(eighteenth)
    await service.staff.ask("DELETE", "/api/appointments/2")
    assert "hit" == await outcome(service.staff, eighteenth)
    assert 0 == (await service.staff.get(nineteenth)).json()["total"]


async def _is_hit(caller: Caller, path: str) -> bool:
    return await outcome(caller, path) == "hit"


def _on(day: str, time: str = "09:00") -> dict[str, object]:
    start, end = (f"{day}T{time[:3]}{minute}:00Z" for minute in ("00", "30"))
    return appointment(startsAt=start, endsAt=end)


async def test_every_day_shows_what_begins_on_it_after_any_writes(service: Service) -> None:
    """Bookings, moves, deletions and new time zones in any order: no day's list is ever an old one."""
    random = Random(11)
    zones = ("Europe/Lisbon", "Pacific/Auckland", "America/Santiago", "Asia/Kathmandu")
    days = [date(2025, 6, 14) + timedelta(days=shift) for shift in range(6)]
    zone, begins = ZoneInfo(zones[0]), {1: datetime(2025, 6, 17, 8, tzinfo=UTC)}
    for step in range(60):
        moment = datetime(2025, 6, random.choice((15, 16, 17, 18)), random.randrange(24), tzinfo=UTC)
        content = _on(str(moment.date()), f"{moment:%H}:00") | {"practitioner": f"Dr {step}"}
        one = random.choice([0, *begins])
        match random.choice(("book", "move", "delete", "zone")):
            case "book":
                begins[(await service.staff.post("/api/appointments", content)).json()["id"]] = moment
            case "move" if one:
                await patch(service.staff, f"/api/appointments/{one}", content)
                begins[one] = moment
            case "delete" if one:
                await service.staff.ask("DELETE", f"/api/appointments/{one}")
                del begins[one]
            case "zone":
                zone = ZoneInfo(zones[step % len(zones)])
                await patch(service.admin, "/api/settings", {"timeZone": zone.key})
        for day in days:
            page = (await service.staff.get(f"/api/appointments?date={day}")).json()
            shown = {item["id"] for item in page["items"]}
            assert shown == {one for one, start in begins.items() if start.astimezone(zone).date() == day}


async def test_a_new_time_zone_shows_in_days_and_figures_at_once(service: Service) -> None:
    """Which day an appointment falls on is the clinic's to decide."""
    await warm(service.staff)
    await patch(service.admin, "/api/settings", {"timeZone": "Pacific/Auckland"})

    day = (await service.staff.get("/api/appointments?date=2025-06-17")).json()
    figures = (await service.staff.get("/api/analytics/dashboard")).json()

    assert 1 == day["total"]  # 09:00 in Lisbon is 20:00 of the same day in Auckland
    assert "Pacific/Auckland" == figures["timeZone"]


async def test_the_figures_wait_for_their_refresh(service: Service) -> None:
    """Writes leave the dashboard as it is: it is refreshed by time alone."""
    before = (await service.staff.get("/api/analytics/dashboard")).json()
    await service.staff.post("/api/contacts", contact(name="Rui Melo"))

    assert before == (await service.staff.get("/api/analytics/dashboard")).json()
    assert 2 == (await service.staff.get("/api/contacts")).json()["total"]


async def test_every_write_shows_in_the_next_read(service: Service) -> None:
    """Create, update and delete are seen by the read that follows, in details and in lists."""
    for number in range(3):
        created = await service.staff.post("/api/contacts", contact(name=f"New {number}"))
        path = created.headers["Location"]
        assert f"New {number}" == (await service.staff.get(path)).json()["name"]
        await patch(service.staff, path, {"name": f"Newer {number}"})
        assert f"Newer {number}" == (await service.staff.get(path)).json()["name"]
        found = (await service.staff.get("/api/contacts?q=newer")).json()
        assert [f"Newer {number}"] == [item["name"] for item in found["items"]]
        await service.staff.ask("DELETE", path)
        assert 404 == (await service.staff.get(path)).status_code
        assert 0 == (await service.staff.get("/api/contacts?q=newer")).json()["total"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("q=ANA&page=1", "q=%20ana"),
        ("pageSize=100", "pageSize=5000"),
        ("", "page=1&pageSize=20"),
    ],
)
async def test_queries_that_mean_the_same_share_an_entry(service: Service, one: str, other: str) -> None:
    """Another spelling of a query is answered from what the first one stored."""

    async def stored() -> bool:
        return await outcome(service.staff, f"/api/contacts?{one}") == "hit"

    await until(stored)
    second = await service.staff.get(f"/api/contacts?{other}")

    assert "hit" in second.headers["Cache-Status"].split("; ")
    assert (await service.staff.get(f"/api/contacts?{one}")).content == second.content


async def test_what_is_refused_or_missing_is_not_stored(service: Service) -> None:
    """Problems come from the service each time and leave nothing in the cache."""
    for _ in range(3):
        refused = await service.staff.get("/api/contacts?page=0")
        missing = await service.staff.get("/api/contacts/99")

        assert (422, 404) == (refused.status_code, missing.status_code)
        assert "Cache-Status" not in refused.headers
        assert not {"hit", "stored"} & set(missing.headers["Cache-Status"].split("; "))


async def test_every_answer_from_the_cache_equals_the_database(clinics_on_sqlite: str) -> None:
    """With every hit compared while clinics read and write, no comparison finds a difference."""
    async with running(config_of(clinics_on_sqlite, TASKMED_CACHE_SAMPLE_SHARE="1")) as service:
        for caller in (service.staff, service.other):
            await caller.post("/api/contacts", contact())
            await caller.post("/api/appointments", appointment())
            await caller.post("/api/medical-records", record())
        for number in range(3):
            await warm(service.staff, service.other)
            await patch(service.staff, "/api/contacts/1", {"notes": f"changed {number}"})

        for path, domain in (
            ("/api/settings", "settings"),
            ("/api/contacts", "contacts"),
            ("/api/appointments/1", "appointments"),
            ("/api/medical-records", "medical_records"),
        ):
            await until(partial(_compared, service, path, domain))
        metrics = await service.stranger.get("/metrics")

    assert set() == domains_of("cache_inconsistencies_total", metrics)


async def _compared(service: Service, path: str, domain: str) -> bool:
    await service.staff.get(path)
    return domain in domains_of("cache_consistency_samples_total", await service.stranger.get("/metrics"))


def domains_of(metric: str, exposition: httpx.Response) -> set[str]:
    """Return the domains for which `metric` is above zero."""
    lines = [line for line in exposition.text.splitlines() if line.startswith(metric + "{")]
    return {
        line.partition('domain="')[2].partition('"')[0]
        for line in lines
        if float(line.rpartition(" ")[2]) > 0
    }


async def test_a_stored_answer_is_never_anothers(service: Service) -> None:
    """What one clinic stored is neither another clinic's, nor an operator's, nor a stranger's."""
    await patch(service.staff, "/api/contacts/1", {"name": "Canary Unmistakable"})
    await warm(service.staff)

    for path in CACHED:
        assert "Canary" not in (await service.other.get(path)).text
        assert 403 == (await service.operator.get(path)).status_code
        assert 401 == (await service.stranger.get(path)).status_code
