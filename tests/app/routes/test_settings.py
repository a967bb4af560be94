"""What the settings' endpoints promise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.service import Service, broken

WHOLE = {
    "name": "Praxis",
    "timeZone": "Europe/Berlin",
    "language": "de",
    "opensAt": "07:30",
    "closesAt": "17:00",
    "appointmentMinutes": 20,
    "reminderHours": 0,
}


async def test_every_user_of_the_clinic_reads_its_settings(service: Service) -> None:
    """Staff and admin see the same document under the same tag."""
    staff, admin = await service.staff.get("/api/settings"), await service.admin.get("/api/settings")

    assert staff.json() == admin.json()
    assert staff.headers["ETag"] == admin.headers["ETag"]
    assert (1, "Clinic 1", "Europe/Lisbon") == tuple(
        staff.json()[name] for name in ("clinicId", "name", "timeZone")
    )


async def test_an_admin_changes_its_own_clinic_alone(service: Service) -> None:
    """PUT and PATCH by an admin change the clinic's settings and no other's."""
    first = await service.admin.get("/api/settings")
    other = await service.other.get("/api/settings")

    put = await service.admin.ask("PUT", "/api/settings", WHOLE, version=first.headers["ETag"])
    patched = await service.admin.ask(
        "PATCH", "/api/settings", {"email": "Desk@Example.org"}, version=put.headers["ETag"]
    )

    assert [200, 200] == [put.status_code, patched.status_code]
    assert patched.json() == (await service.staff.get("/api/settings")).json()
    assert {**WHOLE, "email": "Desk@Example.org", "version": 3}.items() <= patched.json().items()
    assert other.json() == (await service.other.get("/api/settings")).json()


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_staff_cannot_change_settings(service: Service, method: str) -> None:
    """Staff answers 403, whatever else is right or wrong with the request."""
    first = await service.staff.get("/api/settings")

    answer = await service.staff.ask(method, "/api/settings", WHOLE, version=first.headers["ETag"])

    assert 403 == answer.status_code
    assert first.json() == (await service.staff.get("/api/settings")).json()


async def test_settings_change_under_their_version(service: Service) -> None:
    """A change answers 428 without `If-Match` and 412 for an outdated one."""
    missing = await service.admin.ask("PATCH", "/api/settings", {"language": "pt"})
    stale = await service.admin.ask("PATCH", "/api/settings", {"language": "pt"}, version='"old"')

    assert [428, 412] == [missing.status_code, stale.status_code]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_settings_are_neither_made_nor_deleted(sqlite_service: Service, method: str) -> None:
    """Other methods answer 405 and name those there are."""
    answer = await sqlite_service.admin.ask(method, "/api/settings")

    assert 405 == answer.status_code
    assert {"GET", "HEAD", "PUT", "PATCH"} == set(answer.headers["Allow"].split(", "))


async def test_a_clinic_that_is_not_set_up_has_no_settings(sqlite_service: Service) -> None:
    """A valid token of a clinic without settings answers 404."""
    assert 404 == (await sqlite_service.caller(clinic=77).get("/api/settings")).status_code


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"timeZone": "Mars/Olympus"}, "/timeZone"),
        ({"timeZone": "../../etc/passwd"}, "/timeZone"),
        ({"timeZone": "Europe"}, "/timeZone"),
        ({"opensAt": "24:00"}, "/opensAt"),
        ({"opensAt": "19:00"}, "/closesAt"),
        ({"appointmentMinutes": 1}, "/appointmentMinutes"),
        ({"reminderHours": -1}, "/reminderHours"),
        ({"name": None}, "/name"),
    ],
)
async def test_broken_settings_are_refused_by_field(
    sqlite_service: Service, change: dict[str, Any], field: str
) -> None:
    """Each setting that breaks a rule, alone or with the others, is named."""
    first = await sqlite_service.admin.get("/api/settings")

    answer = await sqlite_service.admin.ask("PATCH", "/api/settings", change, version=first.headers["ETag"])

    assert 422 == answer.status_code
    assert [field] == list(broken(answer))
