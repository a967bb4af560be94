"""A clinic reaches its own data and nothing else, however it asks."""

from __future__ import annotations

import jwt
import pytest

from app.auth import Role
from tests.app.service import KEY, Caller, Service, appointment, broken, contact, record

DETAILS = ("/api/contacts/1", "/api/appointments/1", "/api/medical-records/1")
LISTS = ("/api/contacts", "/api/appointments", "/api/appointments?date=2025-06-17", "/api/medical-records")
CANARY = "Canary Unmistakable"


@pytest.fixture
async def filled(service: Service) -> Service:
    """Give the service with one contact, appointment and record in clinic 1, and nothing in clinic 2."""
    await service.staff.post("/api/contacts", contact(name=CANARY, email="canary@example.org"))
    await service.staff.post("/api/appointments", appointment(reason=CANARY))
    await service.staff.post("/api/medical-records", record(title=CANARY))
    return service


@pytest.mark.parametrize("path", DETAILS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
async def test_another_clinics_ids_are_not_there(filled: Service, path: str, method: str) -> None:
    """Reading or writing an id of another clinic answers as if there were none, tag and all."""
    tag = (await filled.staff.get(path)).headers["ETag"]
    bodies = {"contacts": contact(), "appointments": appointment(), "medical-records": record()}
    body = {} if method == "PATCH" else bodies[path.split("/")[2]] if method == "PUT" else None

    answer = await filled.other.ask(method, path, body, version=tag)

    missing = 405 if (method, path) == ("DELETE", DETAILS[2]) else 404
    assert missing == answer.status_code
    assert CANARY not in answer.text
    assert 200 == (await filled.staff.get(path)).status_code


@pytest.mark.parametrize("path", [*LISTS, "/api/contacts?q=canary", "/api/appointments?contactId=1"])
async def test_lists_hold_the_callers_clinic_alone(filled: Service, path: str) -> None:
    """What one clinic lists, finds and counts, another one does not."""
    own, other = await filled.staff.get(path), await filled.other.get(path)

    assert 1 == own.json()["total"]
    assert (200, 0, []) == (other.status_code, other.json()["total"], other.json()["items"])


@pytest.mark.parametrize(("path", "sent"), [("appointments", appointment()), ("medical-records", record())])
async def test_another_clinics_contact_cannot_be_referred_to(
    filled: Service, path: str, sent: object
) -> None:
    """A write that names another clinic's contact is refused as if there were none."""
    answer = await filled.other.post(f"/api/{path}", sent)

    assert 422 == answer.status_code
    assert {"/contactId": "must be a contact of this clinic"} == broken(answer)


async def test_the_figures_are_the_clinics_own(filled: Service) -> None:
    """The dashboard of one clinic counts nothing of another."""
    own = (await filled.staff.get("/api/analytics/dashboard")).json()
    other = (await filled.other.get("/api/analytics/dashboard")).json()

    assert (1, 1) == (own["contacts"], own["medicalRecords"])
    assert (0, 0) == (other["contacts"], other["medicalRecords"])


async def test_equal_entities_of_two_clinics_have_different_tags(service: Service) -> None:
    """An entity tag of one clinic is never that of another's entity of the same id and version."""
    own = await service.staff.post("/api/contacts", contact())
    other = await service.other.post("/api/contacts", contact())

    assert own.json()["id"] == other.json()["id"]
    assert own.headers["ETag"] != other.headers["ETag"]


@pytest.mark.parametrize("path", [*DETAILS, *LISTS, "/api/analytics/dashboard", "/api/settings"])
async def test_an_operator_reaches_no_clinics_data(filled: Service, path: str) -> None:
    """An operator, who belongs to no clinic, answers 403 everywhere in the clinics' data."""
    answer = await filled.operator.get(path)

    assert 403 == answer.status_code
    assert CANARY not in answer.text


@pytest.mark.parametrize("path", [*DETAILS, *LISTS, "/api/settings", "/api/nothing"])
async def test_nobody_reaches_anything_without_a_token(sqlite_service: Service, path: str) -> None:
    """Without a token every path but the public ones answers 401, whether it exists or not."""
    answer = await sqlite_service.stranger.get(path)

    assert 401 == answer.status_code
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["X-Clinic-Id", "X-Tenant-Id", "clinic_id", "Clinic"])
async def test_no_header_or_parameter_changes_the_clinic(filled: Service, header: str) -> None:
    """The token alone decides; whatever else names a clinic is ignored or refused."""
    by_header = await filled.other.ask("GET", "/api/contacts", headers={header: "1"})
    by_query = await filled.other.get("/api/contacts?clinicId=1")
    by_body = await filled.other.post("/api/contacts", contact(clinicId=1))

    assert 0 == by_header.json()["total"]
    assert [422, 422] == [by_query.status_code, by_body.status_code]


@pytest.mark.parametrize(
    "claims",
    [
        {"clinic": "1"},
        {"clinic": True},
        {"clinic": 1.0},
        {"clinic": [1]},
        {"clinic": -1},
        {"clinic": 0},
        {"clinic": None},
        {"clinic": 1, "role": "operator"},
        {"clinic": 1, "role": "root"},
        {"clinic": 1, "user": ""},
        {"clinic": 1, "exp": 1},
        {"clinic": 1, "exp": "never"},
    ],
)
async def test_a_token_that_is_signed_but_strange_opens_nothing(
    sqlite_service: Service, claims: dict[str, object]
) -> None:
    """A valid signature does not help claims that are not exactly those of a user of one clinic."""
    whole = {"user": "tester", "role": Role.STAFF.value, "exp": 4_000_000_000, **claims}
    token = jwt.encode(whole, KEY.secret, "HS256", headers={"kid": KEY.name})

    assert 401 == (await Caller(sqlite_service.app, token).get("/api/contacts")).status_code
