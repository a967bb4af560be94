"""What the medical records' endpoints promise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.service import Service, broken, contact, record


@pytest.fixture
async def clinic(service: Service) -> Service:
    """Give the service with two contacts, Ana (1) and Rui (2), in clinic 1."""
    await service.staff.post("/api/contacts", contact())
    await service.staff.post("/api/contacts", contact(name="Rui Melo"))
    return service


async def test_a_written_record_can_be_read_where_location_says(clinic: Service) -> None:
    """Create answers 201 with `Location` and `ETag`, and a read there shows the same."""
    created = await clinic.staff.post("/api/medical-records", record(body="Pollen.\nNo fever."))
    read = await clinic.staff.get(created.headers["Location"])

    assert 201 == created.status_code
    assert "/api/medical-records/1" == created.headers["Location"]
    assert created.json() == read.json()
    assert created.headers["ETag"] == read.headers["ETag"]


async def test_lists_narrow_by_contact_and_kind_newest_first(clinic: Service) -> None:
    """Filters combine, and the newest record comes first."""
    await clinic.staff.post("/api/medical-records", record(recordedAt="2025-06-17T09:00:00Z"))
    await clinic.staff.post("/api/medical-records", record(recordedAt="2025-06-18T09:00:00Z", contactId=2))
    last = record(recordedAt="2025-06-19T09:00:00Z", kind="prescription")
    await clinic.staff.post("/api/medical-records", last)

    async def ids(query: str) -> list[int]:
        page = (await clinic.staff.get(f"/api/medical-records?{query}")).json()
        return [item["id"] for item in page["items"]]

    assert [3, 2, 1] == await ids("")
    assert [3, 1] == await ids("contactId=1")
    assert [2, 1] == await ids("kind=diagnosis")
    assert [1] == await ids("kind=diagnosis&contactId=1")


@pytest.mark.parametrize("path", ["/api/medical-records", "/api/medical-records/1"])
async def test_a_record_is_never_deleted(clinic: Service, path: str) -> None:
    """DELETE answers 405 with the methods there are, and the record stays."""
    await clinic.staff.post("/api/medical-records", record())

    answer = await clinic.staff.ask("DELETE", path)

    assert 405 == answer.status_code
    assert "DELETE" not in answer.headers["Allow"]
    assert 200 == (await clinic.staff.get("/api/medical-records/1")).status_code


async def test_a_record_is_corrected_under_its_version(clinic: Service) -> None:
    """PATCH and PUT correct a record; each needs the version that it is based on."""
    created = await clinic.staff.post("/api/medical-records", record())

    patched = await clinic.staff.ask(
        "PATCH", "/api/medical-records/1", {"title": "Hay fever"}, version=created.headers["ETag"]
    )
    stale = await clinic.staff.ask(
        "PATCH", "/api/medical-records/1", {"title": "Other"}, version=created.headers["ETag"]
    )
    put = await clinic.staff.ask(
        "PUT", "/api/medical-records/1", record(title="Rhinitis"), version=patched.headers["ETag"]
    )
    missing = await clinic.staff.ask("PUT", "/api/medical-records/1", record())

    assert [200, 412, 200, 428] == [answer.status_code for answer in (patched, stale, put, missing)]
    assert put.json() == (await clinic.staff.get("/api/medical-records/1")).json()
    assert ("Rhinitis", 3) == (put.json()["title"], put.json()["version"])


async def test_a_record_stays_with_its_contact(clinic: Service) -> None:
    """Neither PUT nor PATCH moves a record to another contact."""
    created = await clinic.staff.post("/api/medical-records", record())

    put = await clinic.staff.ask(
        "PUT", "/api/medical-records/1", record(contactId=2), version=created.headers["ETag"]
    )
    patched = await clinic.staff.ask(
        "PATCH", "/api/medical-records/1", {"contactId": 2}, version=created.headers["ETag"]
    )

    assert [422, 422] == [put.status_code, patched.status_code]
    assert {"/contactId": "cannot change: a record stays with its contact"} == broken(put)
    assert {"/contactId": "is not a field here"} == broken(patched)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"contactId": 99}, "/contactId"),
        ({"kind": "rumour"}, "/kind"),
        ({"title": ""}, "/title"),
        ({"body": "x" * 20_001}, "/body"),
        ({"recordedAt": "yesterday"}, "/recordedAt"),
        ({"recordedAt": "1850-01-01T00:00:00Z"}, "/recordedAt"),
    ],
)
async def test_a_broken_record_is_refused_by_field(
    clinic: Service, fields: dict[str, Any], field: str
) -> None:
    """Each field that breaks a rule is named."""
    answer = await clinic.staff.post("/api/medical-records", record(**fields))

    assert 422 == answer.status_code
    assert [field] == list(broken(answer))
