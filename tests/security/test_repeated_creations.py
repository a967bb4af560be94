"""A lost answer is no second appointment, and two writers at once lose no write."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2 as httpx
import pytest

from app.housekeeping import IDEMPOTENCY_KEYS
from app.services.idempotency import KEPT
from monitor.database import scope
from monitor.tenancy.context import bind
from tests.app.service import (
    Caller,
    Service,
    appointment,
    broken,
    config_of,
    contact,
    database_of,
    record,
    running,
)

KEY = '"8e03978e-40d5-43e8-bc93-6894a57f9324"'
CREATIONS = [
    ("/api/contacts", contact(name="Rui Melo"), contact(name="Eva Melo")),
    ("/api/appointments", appointment(), appointment(practitioner="Dr. Nunes")),
    ("/api/medical-records", record(), record(title="Another")),
]
each_creation = pytest.mark.parametrize(
    ("path", "body", "other"), CREATIONS, ids=["contact", "visit", "record"]
)


@pytest.fixture
async def clinic(service: Service) -> Service:
    """Give the service with one contact in either clinic."""
    for caller in (service.staff, service.other):
        await caller.post("/api/contacts", contact())
    return service


async def create(caller: Caller, path: str, body: Any, key: str = KEY) -> httpx.Response:
    return await caller.ask("POST", path, body, headers={"Idempotency-Key": key})


async def how_many(caller: Caller, path: str) -> int:
    return int((await caller.get(path)).json()["total"])


@each_creation
async def test_a_repeated_creation_is_answered_as_the_first(
    clinic: Service, path: str, body: Any, other: Any
) -> None:
    """Under one key one thing is made, and its answer comes again, byte by byte, whatever happened since."""
    before = await how_many(clinic.staff, path)
    first = await create(clinic.staff, path, body)
    changed = await clinic.staff.ask(
        "PATCH", first.headers["Location"], {"practitioner": "Dr. Melo"}, version="*"
    )
    again = await create(clinic.staff, path, body)

    assert [201, 201] == [first.status_code, again.status_code]
    assert first.content == again.content
    assert ("contacts" in path) == (changed.status_code == 422)
    assert first.headers["Location"] == again.headers["Location"]
    assert first.headers["ETag"] == again.headers["ETag"]
    assert before + 1 == await how_many(clinic.staff, path)
    assert 422 == (await create(clinic.staff, path, other)).status_code
    assert 201 == (await create(clinic.staff, path, other, key="another-key")).status_code


@each_creation
async def test_a_key_belongs_to_its_clinic(clinic: Service, path: str, body: Any, other: Any) -> None:
    """What one clinic made under a key is neither shown to another one nor in its way."""
    ours, theirs = await create(clinic.staff, path, body), await create(clinic.other, path, other)

    assert [201, 201] == [ours.status_code, theirs.status_code]
    assert ours.content != theirs.content


@each_creation
async def test_of_requests_at_once_under_one_key_one_makes_something(
    clinic: Service, path: str, body: Any, other: Any
) -> None:
    """The others are told 409 while it is under way, or given its answer; nothing is made twice."""
    before = await how_many(clinic.staff, path)

    answers = await asyncio.gather(*(create(clinic.staff, path, body) for _ in range(6)))

    assert {201, 409} >= {answer.status_code for answer in answers}
    assert 1 == len({answer.content for answer in answers if answer.status_code == 201})
    assert before + 1 == await how_many(clinic.staff, path)
    assert other != body


async def test_a_key_holds_across_workers(clinics_url: str) -> None:
    """Workers share the keys as they share the rows: a race between two of them makes one contact."""
    async with running(config_of(clinics_url)) as one, running(config_of(clinics_url)) as two:
        body = contact(name="Rui Melo")
        answers = await asyncio.gather(
            *(create(worker.staff, "/api/contacts", body) for worker in (one, two) * 3)
        )
        last = await create(two.staff, "/api/contacts", body)

        assert {201, 409} >= {answer.status_code for answer in answers}
        assert {last.content} == {answer.content for answer in answers if answer.status_code == 201}
        assert 1 == await how_many(one.staff, "/api/contacts")


async def test_what_failed_may_be_tried_again(clinic: Service) -> None:
    """A key is kept with what was made and not without: a refused request leaves it free."""
    refused = await create(clinic.staff, "/api/appointments", appointment(99))
    made = await create(clinic.staff, "/api/appointments", appointment())

    assert [422, 201] == [refused.status_code, made.status_code]


async def test_a_key_is_kept_for_a_day(clinics_url: str, clinic: Service) -> None:
    """After a day the key is free, and what it kept is gone from the database."""
    await create(clinic.staff, "/api/contacts", contact(name="Rui Melo"))
    database = database_of(clinics_url)
    with bind(1):
        async with database.writing() as unit:
            aged = scope.update(IDEMPOTENCY_KEYS).values(created_at=IDEMPOTENCY_KEYS.c.created_at)
            row = await unit.one(scope.select(IDEMPOTENCY_KEYS))
            assert row is not None
            await unit.execute(aged.values(created_at=row.created_at - KEPT))
    await database.aclose()

    answer = await create(clinic.staff, "/api/contacts", contact(name="Eva Melo"))

    assert (201, "Eva Melo") == (answer.status_code, answer.json()["name"])


@pytest.mark.parametrize("key", ["", '""', '"', "x" * 256, '"a"b"', "two words"])
async def test_what_is_no_key_is_refused(sqlite_service: Service, key: str) -> None:
    """A key is 1 to 255 printable characters."""
    answer = await sqlite_service.staff.ask(
        "POST", "/api/contacts", contact(), headers={"Idempotency-Key": key}
    )

    assert (422, ["Idempotency-Key"]) == (answer.status_code, list(broken(answer)))


@pytest.mark.parametrize(
    "where", ["/api/contacts/1", "/api/appointments/1", "/api/medical-records/1", "/api/settings"]
)
async def test_a_change_of_any_version_fails_for_nobody(clinic: Service, where: str) -> None:
    """`If-Match: *` means whatever there is: of writers at once each one's change is made."""
    await clinic.staff.post("/api/appointments", appointment())
    await clinic.staff.post("/api/medical-records", record())
    field = {"appointments": "reason", "medical-records": "body"}.get(where.split("/")[2], "name")

    answers = await asyncio.gather(
        *(clinic.admin.ask("PATCH", where, {field: f"Text {number}"}, version="*") for number in range(8))
    )

    assert {200} == {answer.status_code for answer in answers}
    assert list(range(2, 10)) == sorted(answer.json()["version"] for answer in answers)


@pytest.mark.parametrize("where", ["/api/contacts/1", "/api/settings"])
async def test_of_changes_of_one_version_at_once_one_is_made(clinic: Service, where: str) -> None:
    """Whoever read a version that is no more is told, and its change is not made over another one's."""
    read = await clinic.admin.get(where)

    answers = await asyncio.gather(
        *(
            clinic.admin.ask("PATCH", where, {"name": f"Name {number}"}, version=read.headers["ETag"])
            for number in range(6)
        )
    )

    assert [200, 412, 412, 412, 412, 412] == sorted(answer.status_code for answer in answers)
