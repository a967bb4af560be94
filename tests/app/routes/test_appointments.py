"""What the appointments' endpoints promise."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.app.service import Service, appointment, broken, contact, record


@pytest.fixture
async def clinic(service: Service) -> Service:
    """Give the service with two contacts, Ana (1) and Rui (2), in clinic 1."""
    await service.staff.post("/api/contacts", contact())
    await service.staff.post("/api/contacts", contact(name="Rui Melo"))
    return service


def at(start: str, end: str, **fields: Any) -> dict[str, Any]:
    return appointment(startsAt=f"2025-06-17T{start}:00+01:00", endsAt=f"2025-06-17T{end}:00+01:00", **fields)


async def ids(clinic: Service, query: str) -> list[int]:
    page = (await clinic.staff.get(f"/api/appointments?{query}")).json()
    return [item["id"] for item in page["items"]]


async def test_a_booked_appointment_shows_its_contact_and_utc_times(clinic: Service) -> None:
    """Create answers 201; times come back in UTC, and the contact's name is shown."""
    created = await clinic.staff.post("/api/appointments", appointment(room="Room 2", reason="Check-up"))
    read = await clinic.staff.get(created.headers["Location"])

    assert 201 == created.status_code
    assert created.json() == read.json()
    assert created.headers["ETag"] == read.headers["ETag"]
    shown = read.json()
    assert ("2025-06-17T08:00:00Z", "2025-06-17T08:30:00Z") == (shown["startsAt"], shown["endsAt"])
    assert ("Ana Reis", "Room 2", "scheduled") == (shown["contactName"], shown["room"], shown["status"])


async def test_a_day_is_a_day_in_the_clinics_time_zone(clinic: Service) -> None:
    """`?date=` lists what begins between the clinic's midnights, 23:00 UTC in Lisbon's summer."""
    starts = ("2025-06-16T22:30:00Z", "2025-06-16T23:00:00Z", "2025-06-17T22:59:00Z", "2025-06-17T23:00:00Z")
    for start in starts:
        end = f"{start[:11]}23:59:30Z"
        answer = await clinic.staff.post(
            "/api/appointments", appointment(startsAt=start, endsAt=end, practitioner=start)
        )
        assert 201 == answer.status_code

    assert [2, 3] == await ids(clinic, "date=2025-06-17")


async def test_the_day_moves_with_the_clinics_time_zone(clinic: Service) -> None:
    """After a change of the time zone an appointment may fall on another day."""
    await clinic.staff.post("/api/appointments", at("00:30", "01:00"))
    assert [1] == await ids(clinic, "date=2025-06-17")

    settings = await clinic.staff.get("/api/settings")
    await clinic.admin.ask(
        "PATCH", "/api/settings", {"timeZone": "Atlantic/Azores"}, version=settings.headers["ETag"]
    )

    assert [] == await ids(clinic, "date=2025-06-17")
    assert [1] == await ids(clinic, "date=2025-06-16")


async def test_lists_narrow_by_status_contact_and_span(clinic: Service) -> None:
    """Filters combine, and the list is in the order of time."""
    await clinic.staff.post("/api/appointments", at("11:00", "11:30"))
    await clinic.staff.post("/api/appointments", at("09:00", "09:30", status="confirmed"))
    await clinic.staff.post("/api/appointments", at("10:00", "10:30", contactId=2, status="confirmed"))
    later = appointment(startsAt="2025-06-19T09:00:00Z", endsAt="2025-06-19T09:30:00Z")
    await clinic.staff.post("/api/appointments", later)

    assert [2, 3, 1, 4] == await ids(clinic, "")
    assert [2, 3] == await ids(clinic, "status=confirmed")
    assert [3] == await ids(clinic, "status=confirmed&contactId=2")
    assert [4] == await ids(clinic, "from=2025-06-18")
    assert [2, 3, 1] == await ids(clinic, "to=2025-06-17")
    assert [4] == await ids(clinic, "from=2025-06-19&to=2025-06-19")
    assert [] == await ids(clinic, "contactId=9")


@pytest.mark.parametrize(
    ("other", "status"),
    [
        (at("09:15", "09:45", practitioner="Dr. Costa", room="Room 9"), 409),
        (at("09:15", "09:45", practitioner="Dr. Nunes", room="Room 1"), 409),
        (at("08:00", "12:00", practitioner="Dr. Costa"), 409),
        (at("09:10", "09:20", practitioner=" Dr. Costa "), 409),
        (at("09:15", "09:45", practitioner="Dr. Nunes", room="Room 9"), 201),
        (at("09:15", "09:45", practitioner="Dr. Nunes"), 201),
        (at("09:30", "10:00", practitioner="Dr. Costa", room="Room 1"), 201),
        (at("08:30", "09:00", practitioner="Dr. Costa", room="Room 1"), 201),
        (at("09:15", "09:45", practitioner="Dr. Costa", status="cancelled"), 201),
        (appointment(startsAt="2025-06-18T09:00:00+01:00", endsAt="2025-06-18T09:30:00+01:00"), 201),
    ],
)
async def test_a_practitioner_and_a_room_are_booked_once(
    clinic: Service, other: dict[str, Any], status: int
) -> None:
    """Appointments that overlap share neither practitioner nor room; one may begin when another ends."""
    await clinic.staff.post("/api/appointments", at("09:00", "09:30", room="Room 1"))

    assert status == (await clinic.staff.post("/api/appointments", other)).status_code


@pytest.mark.parametrize("status", ["cancelled", "no_show"])
async def test_what_does_not_take_place_frees_its_time(clinic: Service, status: str) -> None:
    """The time of a cancelled or missed appointment can be booked again, and then not taken back."""
    created = await clinic.staff.post("/api/appointments", appointment())
    freed = await clinic.staff.ask(
        "PATCH", "/api/appointments/1", {"status": status}, version=created.headers["ETag"]
    )

    booked = await clinic.staff.post("/api/appointments", appointment())
    back = await clinic.staff.ask(
        "PATCH", "/api/appointments/1", {"status": "scheduled"}, version=freed.headers["ETag"]
    )

    assert [200, 201, 409] == [answer.status_code for answer in (freed, booked, back)]


async def test_bookings_at_once_take_a_time_once(clinic: Service) -> None:
    """Of requests that race for one time, one is booked."""
    answers = await asyncio.gather(*(clinic.staff.post("/api/appointments", appointment()) for _ in range(6)))

    assert [201, 409, 409, 409, 409, 409] == sorted(answer.status_code for answer in answers)


async def test_moving_at_once_into_a_free_time_takes_it_once(clinic: Service) -> None:
    """Updates race for a free time as bookings do."""
    made = [
        await clinic.staff.post("/api/appointments", at(f"1{hour}:00", f"1{hour}:30")) for hour in range(4)
    ]
    free = {"startsAt": "2025-06-17T09:00:00+01:00", "endsAt": "2025-06-17T09:30:00+01:00"}

    answers = await asyncio.gather(
        *(
            clinic.staff.ask("PATCH", one.headers["Location"], free, version=one.headers["ETag"])
            for one in made
        )
    )

    assert [200, 409, 409, 409] == sorted(answer.status_code for answer in answers)


async def test_an_appointment_may_be_moved_within_its_own_time(clinic: Service) -> None:
    """An appointment never stands in its own way."""
    created = await clinic.staff.post("/api/appointments", appointment(room="Room 1"))

    moved = await clinic.staff.ask(
        "PUT", "/api/appointments/1", at("09:10", "09:40", contactId=2), version=created.headers["ETag"]
    )

    assert 200 == moved.status_code
    assert ("Rui Melo", None, 2) == tuple(moved.json()[name] for name in ("contactName", "room", "version"))


async def test_a_renamed_contact_shows_in_its_appointments_under_a_new_tag(clinic: Service) -> None:
    """What an appointment shows of its contact follows a rename, and so does its entity tag."""
    created = await clinic.staff.post("/api/appointments", appointment())
    ana = await clinic.staff.get("/api/contacts/1")
    await clinic.staff.ask("PATCH", "/api/contacts/1", {"name": "Ana Melo"}, version=ana.headers["ETag"])

    shown = await clinic.staff.get("/api/appointments/1")
    listed = await clinic.staff.get("/api/appointments")

    assert "Ana Melo" == shown.json()["contactName"] == listed.json()["items"][0]["contactName"]
    assert created.headers["ETag"] != shown.headers["ETag"]


async def test_a_deleted_appointment_is_gone(clinic: Service) -> None:
    """Delete answers 204, and 412 for a version that is not the current one."""
    await clinic.staff.post("/api/appointments", appointment())

    stale = await clinic.staff.ask("DELETE", "/api/appointments/1", version='"old"')
    deleted = await clinic.staff.ask("DELETE", "/api/appointments/1")

    assert [412, 204] == [stale.status_code, deleted.status_code]
    assert 404 == (await clinic.staff.get("/api/appointments/1")).status_code


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_an_update_needs_the_current_version(clinic: Service, method: str) -> None:
    """An update answers 428 without `If-Match` and 412 for an outdated one."""
    await clinic.staff.post("/api/appointments", appointment())

    missing = await clinic.staff.ask(method, "/api/appointments/1", appointment())
    stale = await clinic.staff.ask(method, "/api/appointments/1", appointment(), version='"old"')

    assert [428, 412] == [missing.status_code, stale.status_code]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"contactId": 99}, {"/contactId": "must be a contact of this clinic"}),
        ({"contactId": 2**63 - 1}, {"/contactId": "must be a contact of this clinic"}),
        ({"contactId": 2**63}, {"/contactId": "must be 9223372036854775807 or less"}),
        ({"contactId": "1"}, {"/contactId": "must be a whole number"}),
        ({"contactId": None}, {"/contactId": "must be a whole number"}),
        ({"endsAt": "2025-06-17T09:00:00+01:00"}, {"/endsAt": "must be after startsAt, by at most 12 hours"}),
        ({"endsAt": "2025-06-18T09:00:00+01:00"}, {"/endsAt": "must be after startsAt, by at most 12 hours"}),
        (
            {"startsAt": "2025-06-17T09:00:00"},
            {"/startsAt": "must be a date and time with a time zone, such as 2025-06-17T09:30:00Z"},
        ),
        (
            {"startsAt": "0001-01-01T00:00:00+14:00", "endsAt": "0001-01-01T01:00:00+14:00"},
            {"/startsAt": "must lie between 1900 and 2199"},
        ),
        (
            {"status": "late"},
            {"/status": "must be one of scheduled, confirmed, completed, cancelled, no_show"},
        ),
        ({"room": ""}, {"/room": "must not be empty"}),
        ({"reason": "x" * 201}, {"/reason": "must hold at most 200"}),
    ],
)
async def test_a_broken_appointment_is_refused_by_field(
    clinic: Service, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    """Each field that breaks a rule is named; nothing is stored."""
    answer = await clinic.staff.post("/api/appointments", appointment(**fields))

    assert 422 == answer.status_code
    assert errors == broken(answer)
    assert 0 == (await clinic.staff.get("/api/appointments")).json()["total"]


async def test_a_change_is_judged_as_a_whole(clinic: Service) -> None:
    """A field that is right alone is refused where it does not go with the rest."""
    created = await clinic.staff.post("/api/appointments", appointment())

    answer = await clinic.staff.ask(
        "PATCH", "/api/appointments/1", {"endsAt": "2025-06-17T07:00:00Z"}, version=created.headers["ETag"]
    )

    assert 422 == answer.status_code
    assert {"/endsAt": "must be after startsAt, by at most 12 hours"} == broken(answer)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("date=2025-13-01", "?date"),
        ("date=today", "?date"),
        ("date=9999-12-31", "?date"),
        ("date=2025-06-17&from=2025-06-01", "?date"),
        ("to=0001-01-01", "?to"),
        ("status=late", "?status"),
        ("contactId=0", "?contactId"),
        ("contactId=abc", "?contactId"),
        ("page=1&page=2", "?"),
        ("patient=1", "?patient"),
        ("page=99999999999999999999", "?page"),
    ],
)
async def test_a_broken_query_is_refused_by_parameter(
    sqlite_service: Service, query: str, field: str
) -> None:
    """A parameter that is unknown, repeated or wrong answers 422 and is named."""
    answer = await sqlite_service.staff.get(f"/api/appointments?{query}")

    assert 422 == answer.status_code
    assert [field] == list(broken(answer))


async def test_records_do_not_stand_in_an_appointments_way(clinic: Service) -> None:
    """Ids of domains are their own: a record's id says nothing about appointments."""
    await clinic.staff.post("/api/medical-records", record())

    assert 404 == (await clinic.staff.get("/api/appointments/1")).status_code
