"""What the contacts' endpoints promise."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import pytest

from tests.app.service import Service, appointment, broken, contact, record

NAMES = ["José Ångström", "Ana Reis", "anabel Costa", "50% Off", "Under_score", "Bo"]


async def test_a_created_contact_can_be_read_where_location_says(service: Service) -> None:
    """Create answers 201 with `Location` and `ETag`, and a read there shows the same under the same tag."""
    sent = contact(phone="+351 210 000 111", email="ana@example.org", dateOfBirth="1980-02-29", language="pt")

    created = await service.staff.post("/api/contacts", sent)
    read = await service.staff.get(created.headers["Location"])

    assert 201 == created.status_code
    assert created.json() == read.json()
    assert created.headers["ETag"] == read.headers["ETag"]
    assert sent.items() <= read.json().items()
    assert 1 == read.json()["version"]


async def test_ids_count_up_in_each_clinic(service: Service) -> None:
    """Each clinic has its own ids, from 1."""
    first = await service.staff.post("/api/contacts", contact())
    second = await service.staff.post("/api/contacts", contact())
    other = await service.other.post("/api/contacts", contact())

    assert [1, 2, 1] == [answer.json()["id"] for answer in (first, second, other)]


async def test_lists_come_in_pages_that_link_to_each_other(service: Service) -> None:
    """Every entry stands on one page, in the order of names, and the links lead through all pages."""
    for name in NAMES:
        await service.staff.post("/api/contacts", contact(name=name))

    path, seen = "/api/contacts?pageSize=4", []
    while path:
        page = (await service.staff.get(path)).json()
        seen += [item["name"] for item in page["items"]]
        path = page["links"].get("next")

    assert (2, 4, 6) == (page["page"], page["pageSize"], page["total"])
    assert sorted(NAMES) == sorted(seen)
    assert "/api/contacts?pageSize=4&page=1" == page["links"]["prev"] == page["links"]["first"]
    assert "/api/contacts?pageSize=4&page=2" == page["links"]["self"] == page["links"]["last"]


async def test_a_page_past_the_end_is_empty_and_leads_back(service: Service) -> None:
    """A page that does not exist holds nothing and links to the last one that does."""
    await service.staff.post("/api/contacts", contact())

    page = (await service.staff.get("/api/contacts?page=9")).json()

    assert [] == page["items"]
    assert 1 == page["total"]
    assert "/api/contacts?page=1" == page["links"]["prev"] == page["links"]["last"]
    assert "next" not in page["links"]


async def test_a_large_page_is_brought_down_to_the_greatest(service: Service) -> None:
    """No client can ask for more than 100 entries at once."""
    page = (await service.staff.get("/api/contacts?pageSize=100000")).json()

    assert 100 == page["pageSize"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("jose", ["José Ångström"]),
        ("ÅNGSTRÖM", ["José Ångström"]),
        ("angstrom", ["José Ångström"]),
        ("ANA", ["Ana Reis", "anabel Costa"]),
        ("%", ["50% Off"]),
        ("_", ["Under_score"]),
        ("/", []),
        ("'; drop table contacts; --", []),
        ("351 210", ["Bo"]),
        ("0351210", ["Bo"]),
        ("BO@example", ["Bo"]),
    ],
)
async def test_search_is_blind_to_case_accents_and_wildcards(
    service: Service, wanted: str, found: list[str]
) -> None:
    """A search finds parts of names, numbers and addresses, and takes its text literally."""
    for name in NAMES:
        extra = {"phone": "00351 210 7", "email": "Bo@Example.org"} if name == "Bo" else {}
        await service.staff.post("/api/contacts", contact(name=name, **extra))

    page = await service.staff.get(f"/api/contacts?{urlencode({'q': wanted})}")

    assert sorted(found) == sorted(item["name"] for item in page.json()["items"])
    assert len(found) == page.json()["total"]


async def test_a_full_update_replaces_every_field(service: Service) -> None:
    """PUT writes what is sent and clears what is not."""
    created = await service.staff.post("/api/contacts", contact(phone="+351 210 000 111", notes="Old"))

    answer = await service.staff.ask(
        "PUT", "/api/contacts/1", contact(name="Ana Costa"), version=created.headers["ETag"]
    )

    assert 200 == answer.status_code
    assert ("Ana Costa", None, "", 2) == tuple(
        answer.json()[name] for name in ("name", "phone", "notes", "version")
    )
    assert created.headers["ETag"] != answer.headers["ETag"]
    assert answer.json() == (await service.staff.get("/api/contacts/1")).json()


async def test_a_partial_update_keeps_what_it_does_not_name(service: Service) -> None:
    """PATCH changes the fields it names; null clears an optional one."""
    sent = contact(phone="+351 210 000 111", email="ana@example.org", notes="Old")
    created = await service.staff.post("/api/contacts", sent)

    answer = await service.staff.ask(
        "PATCH",
        "/api/contacts/1",
        headers={"Content-Type": "application/merge-patch+json"},
        content=b'{"notes": "New", "phone": null}',
        version=created.headers["ETag"],
    )

    assert 200 == answer.status_code
    assert ("Ana Reis", None, "ana@example.org", "New") == tuple(
        answer.json()[name] for name in ("name", "phone", "email", "notes")
    )


async def test_a_renamed_contact_is_found_under_its_new_name_alone(service: Service) -> None:
    """What search looks in follows every update."""
    created = await service.staff.post("/api/contacts", contact())
    await service.staff.ask("PATCH", "/api/contacts/1", {"name": "Zoë"}, version=created.headers["ETag"])

    assert 1 == (await service.staff.get("/api/contacts?q=zoe")).json()["total"]
    assert 0 == (await service.staff.get("/api/contacts?q=ana")).json()["total"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_an_update_needs_the_version_it_is_based_on(service: Service, method: str) -> None:
    """Without `If-Match` an update answers 428 and changes nothing."""
    created = await service.staff.post("/api/contacts", contact())

    answer = await service.staff.ask(method, "/api/contacts/1", contact(name="Other"))

    assert 428 == answer.status_code
    assert created.json() == (await service.staff.get("/api/contacts/1")).json()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["outdated", "weak", "another's", "nonsense"])
async def test_a_stale_version_changes_nothing(service: Service, method: str, kind: str) -> None:
    """A tag that is not the current one, compared strongly, answers 412."""
    created = await service.staff.post("/api/contacts", contact())
    other = await service.staff.post("/api/contacts", contact())
    current = await service.staff.ask(
        "PATCH", "/api/contacts/1", {"notes": "x"}, version=created.headers["ETag"]
    )
    version = {
        "outdated": created.headers["ETag"],
        "weak": f"W/{current.headers['ETag']}",
        "another's": other.headers["ETag"],
        "nonsense": "abc",
    }[kind]

    answer = await service.staff.ask(method, "/api/contacts/1", contact(name="Other"), version=version)

    assert 412 == answer.status_code
    assert current.json() == (await service.staff.get("/api/contacts/1")).json()


@pytest.mark.parametrize("form", ["*", '"abc", {tag}', '{tag} , "abc"'])
async def test_if_match_may_name_several_versions_or_any(service: Service, form: str) -> None:
    """`If-Match` holds where one of its tags is the current one, and `*` for whatever is there."""
    created = await service.staff.post("/api/contacts", contact())

    version = form.replace("{tag}", created.headers["ETag"])
    answer = await service.staff.ask("PATCH", "/api/contacts/1", {"notes": "x"}, version=version)

    assert 200 == answer.status_code


async def test_of_two_updates_at_once_one_is_told_that_it_is_stale(service: Service) -> None:
    """Two updates based on one version never both succeed."""
    created = await service.staff.post("/api/contacts", contact())
    changes = [
        service.staff.ask("PATCH", "/api/contacts/1", {"notes": str(number)}, version=created.headers["ETag"])
        for number in range(5)
    ]

    answers = await asyncio.gather(*changes)

    assert [200, 412, 412, 412, 412] == sorted(answer.status_code for answer in answers)


@pytest.mark.parametrize("versioned", [True, False])
async def test_a_deleted_contact_is_gone(service: Service, versioned: bool) -> None:  # noqa: FBT001 - a case
    """Delete answers 204, with `If-Match` or without, and the contact answers 404 from then on."""
    created = await service.staff.post("/api/contacts", contact())

    version = created.headers["ETag"] if versioned else None
    deleted = await service.staff.ask("DELETE", "/api/contacts/1", version=version)
    again = await service.staff.ask("DELETE", "/api/contacts/1")

    assert (204, b"") == (deleted.status_code, deleted.content)
    assert 404 == (await service.staff.get("/api/contacts/1")).status_code == again.status_code
    assert 0 == (await service.staff.get("/api/contacts")).json()["total"]


@pytest.mark.parametrize(("path", "sent"), [("appointments", appointment()), ("medical-records", record())])
async def test_a_contact_in_use_cannot_be_deleted(service: Service, path: str, sent: object) -> None:
    """A contact with appointments or medical records answers 409 and stays."""
    await service.staff.post("/api/contacts", contact())
    await service.staff.post(f"/api/{path}", sent)

    answer = await service.staff.ask("DELETE", "/api/contacts/1")

    assert 409 == answer.status_code
    assert 200 == (await service.staff.get("/api/contacts/1")).status_code


async def test_an_address_belongs_to_one_contact_of_a_clinic(service: Service) -> None:
    """The same e-mail address in any case answers 409 in the clinic, and is free in another one."""
    await service.staff.post("/api/contacts", contact(email="ana@example.org"))
    second = await service.staff.post("/api/contacts", contact(email="other@example.org"))

    created = await service.staff.post("/api/contacts", contact(email="ANA@Example.org"))
    changed = await service.staff.ask(
        "PATCH", "/api/contacts/2", {"email": "Ana@example.org"}, version=second.headers["ETag"]
    )
    elsewhere = await service.other.post("/api/contacts", contact(email="ana@example.org"))

    assert [409, 409, 201] == [created.status_code, changed.status_code, elsewhere.status_code]


async def test_of_two_creations_at_once_one_gets_the_address(service: Service) -> None:
    """The address stays unique when requests race for it."""
    answers = await asyncio.gather(
        *(service.staff.post("/api/contacts", contact(email="ana@example.org")) for _ in range(5))
    )

    assert [201, 409, 409, 409, 409] == sorted(answer.status_code for answer in answers)


async def test_every_broken_field_is_named(sqlite_service: Service) -> None:
    """One answer names all fields that break a rule, and says what would be right."""
    answer = await sqlite_service.staff.post(
        "/api/contacts",
        {
            "name": " ",
            "phone": "call me",
            "email": "ana@",
            "dateOfBirth": "1980-02-30",
            "language": "English",
            "notes": "a\x00b",
            "nickname": "A",
        },
    )

    assert 422 == answer.status_code
    assert {
        "/name": "must hold a visible character and no control character",
        "/phone": "must be a telephone number: digits, spaces, + ( ) . / -",
        "/email": "must be an e-mail address",
        "/dateOfBirth": "must be a date such as 2025-06-17",
        "/language": "must be a language tag such as en or pt-BR",
        "/notes": "must hold no control character but tabs and line breaks",
        "/nickname": "is not a field here",
    } == broken(answer)
