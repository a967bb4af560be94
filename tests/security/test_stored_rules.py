"""What is stored passes its own rules: whatever was accepted can be read and changed, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tables import APPOINTMENTS
from monitor.database import scope
from monitor.tenancy.context import bind
from tests.app.service import Caller, Service, config_of, database_of, running

Body = dict[str, Any]
Answer = tuple[int, Body]

_SHOWN_ONLY = {"id", "contactName", "version", "createdAt", "updatedAt", "clinicId"}
_EXAMPLES = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# Letters that grow or fall apart when they are lowered, composed or trimmed.
_ODD = [
    "İ",
    "ß",
    "ﬁ",
    "\u0958",
    "\U0001d160",
    "\u0301",
    "\u212b",
    "\u00a0",
    "\u3000",
    "\ufeff",
    "Σ",
    "ǅ",
    "٣",
]


def _texts(longest: int) -> st.SearchStrategy[str]:
    letters = st.one_of(st.sampled_from(_ODD), st.characters(exclude_categories=["Cs"]))
    edges = st.builds(
        lambda letter, much: letter * much,
        st.sampled_from([*_ODD, "a", " "]),
        st.integers(longest - 1, longest),
    )
    return st.one_of(st.text(letters, max_size=12), edges)


def _emails() -> st.SearchStrategy[str]:
    local = st.text(st.sampled_from("abİßΣ.+\u0301"), min_size=1, max_size=6)
    domain = st.builds(
        lambda letter, much: f"{letter * much}.org", st.sampled_from("xİK"), st.integers(1, 250)
    )
    return st.builds(lambda name, host: f"{name}@{host}", local, domain)


_EDGES = [
    datetime.fromisoformat(edge)
    for edge in ("1900-01-01", "2200-01-01", "2025-03-30T01:00", "2025-10-26T01:00")
]
_ZONES = [timezone(timedelta(minutes=minutes)) for minutes in (-12 * 60, -60, 0, 1, 60, 14 * 60)]


def _moments() -> st.SearchStrategy[datetime]:
    near_edges = st.builds(
        lambda edge, seconds, fraction: edge + timedelta(seconds=seconds, microseconds=fraction),
        st.sampled_from(_EDGES),
        st.integers(-86_400, 86_400),
        st.sampled_from([0, 1, 999_999]),
    )
    anywhere = st.one_of(near_edges, near_edges, st.datetimes())
    return st.builds(lambda moment, zone: moment.replace(tzinfo=zone), anywhere, st.sampled_from(_ZONES))


def _stays() -> st.SearchStrategy[Body]:
    lengths = st.sampled_from([-1, 0, 1, 900_000, 1_000_000, 1_800_000_000, 43_200_000_000, 43_200_900_000])

    def stay(start: datetime, length: int, zone: timezone) -> Body:
        try:
            end = (start + timedelta(microseconds=length)).astimezone(zone)
        except OverflowError:
            end = start
        return {"startsAt": start.isoformat(), "endsAt": end.isoformat()}

    return st.builds(stay, _moments(), lengths, st.sampled_from(_ZONES))


_CONTACTS = st.fixed_dictionaries(
    {"name": _texts(200)},
    optional={
        "email": st.one_of(st.none(), _emails()),
        "phone": st.sampled_from([None, "+351 210 000 000", "0800 1234 "]),
        "dateOfBirth": st.one_of(
            st.none(), st.dates().map(str), st.sampled_from(["1900-01-01", "2199-12-31"])
        ),
        "language": st.sampled_from([None, "en", "zh-Hant-TW"]),
        "notes": _texts(20_000),
    },
)
_APPOINTMENTS = st.builds(
    lambda stay, rest: {**stay, **rest},
    _stays(),
    st.fixed_dictionaries(
        {"contactId": st.just(1), "practitioner": _texts(200)},
        optional={
            "room": st.one_of(st.none(), _texts(200)),
            "status": st.sampled_from(["scheduled", "cancelled", "no_show"]),
            "reason": _texts(200),
            "notes": _texts(20_000),
        },
    ),
)
_RECORDS = st.fixed_dictionaries(
    {
        "contactId": st.just(1),
        "kind": st.sampled_from(["diagnosis", "imaging"]),
        "title": _texts(200),
        "practitioner": _texts(200),
        "recordedAt": _moments().map(datetime.isoformat),
    },
    optional={"body": _texts(20_000)},
)
_SETTINGS = st.fixed_dictionaries(
    {
        "name": _texts(200),
        "timeZone": st.sampled_from(["Europe/Lisbon", "Pacific/Kiritimati", "Etc/GMT+12", "UTC"]),
        "language": st.just("en"),
        "opensAt": st.sampled_from(["00:00", "08:00", "23:59"]),
        "closesAt": st.sampled_from(["00:01", "18:00", "23:59"]),
        "appointmentMinutes": st.sampled_from([5, 240]),
        "reminderHours": st.sampled_from([0, 336]),
    },
    optional={"email": st.one_of(st.none(), _emails())},
)


@dataclass(frozen=True)
class Both:
    """The same service over SQLite and over PostgreSQL, asked the same from another thread."""

    loop: asyncio.AbstractEventLoop
    services: tuple[Service, Service]

    def ask(self, method: str, path: str, body: Any = None, *, version: str | None = None) -> Answer:
        """Return the answer, which is the same from both."""
        asked = asyncio.run_coroutine_threadsafe(self._ask(method, path, body, version), self.loop)
        first, second = asked.result()
        assert _told(first) == _told(second)
        return _told(first)

    async def _ask(self, method: str, path: str, body: Any, version: str | None) -> list[httpx.Response]:
        callers: list[Caller] = [service.admin for service in self.services]
        return [await caller.ask(method, path, body, version=version) for caller in callers]


def _told(answer: httpx.Response) -> Answer:
    body = answer.json()
    return answer.status_code, {name: body[name] for name in body.keys() - {"createdAt", "updatedAt"}} | (
        {} if answer.is_success else {"instance": "", "trace_id": ""}
    )


@pytest.fixture
async def both(clinics_on_sqlite: str, clinics_on_postgres: str) -> AsyncIterator[Both]:
    """Give both services with one contact."""
    async with running(config_of(clinics_on_sqlite)) as lite, running(config_of(clinics_on_postgres)) as post:
        for service in (lite, post):
            await service.staff.post("/api/contacts", {"name": "Ana Reis"})
        yield Both(asyncio.get_running_loop(), (lite, post))


def _changes_like_itself(both: Both, path: str, shown: Body) -> None:
    content = {name: value for name, value in shown.items() if name not in _SHOWN_ONLY}
    # A record stays with its contact: of its fields that one alone is none of a change.
    kept = {"contactId"} if "recordedAt" in content else set()
    free = {name: value for name, value in content.items() if name not in kept}
    changes: list[Body] = [{}, *({name: value} for name, value in free.items()), free]
    for change in changes:
        status, changed = both.ask("PATCH", path, change, version="*")
        assert (200, content) == (status, {name: changed.get(name) for name in content})
    status, replaced = both.ask("PUT", path, content, version="*")
    assert (200, content) == (status, {name: replaced.get(name) for name in content})


@pytest.mark.parametrize(
    ("path", "bodies"),
    [
        ("/api/contacts", _CONTACTS),
        ("/api/appointments", _APPOINTMENTS),
        ("/api/medical-records", _RECORDS),
    ],
    ids=["contacts", "appointments", "medical_records"],
)
async def test_whatever_is_accepted_can_be_read_and_changed(
    both: Both, path: str, bodies: st.SearchStrategy[Body]
) -> None:
    """Create, read, patch nothing, patch each field with itself, write it all anew: both databases agree."""

    @_EXAMPLES
    @given(body=bodies)
    def attempt(body: Body) -> None:
        status, made = both.ask("POST", path, body)
        assert status in {201, 409, 422}
        if status == 201:
            where = f"{path}/{made['id']}"
            assert (200, made) == both.ask("GET", where)
            _changes_like_itself(both, where, made)

    await asyncio.to_thread(attempt)


async def test_whatever_settings_are_accepted_can_be_changed(both: Both) -> None:
    """Settings that were accepted are accepted again, whole and field by field."""

    @_EXAMPLES
    @given(body=_SETTINGS)
    def attempt(body: Body) -> None:
        status, made = both.ask("PUT", "/api/settings", body, version="*")
        assert status in {200, 422}
        if status == 200:
            _changes_like_itself(both, "/api/settings", made)

    await asyncio.to_thread(attempt)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2025-06-17T09:00:00.1Z", "2025-06-17T09:00:00.9Z"),
        ("2199-12-31T23:30:00-01:00", "2199-12-31T23:45:00-01:00"),
        ("1900-01-01T00:30:00+01:00", "1900-01-01T00:45:00+01:00"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T01:00:00+14:00"),
        ("9999-12-31T22:00:00-12:00", "9999-12-31T23:00:00-12:00"),
    ],
)
async def test_times_are_judged_as_they_would_be_stored(service: Service, start: str, end: str) -> None:
    """What would be stored without length, or off the calendar, is refused by field and not stored."""
    await service.staff.post("/api/contacts", {"name": "Ana Reis"})
    body = {"contactId": 1, "practitioner": "Dr. Costa", "startsAt": start, "endsAt": end}

    refused = await service.staff.post("/api/appointments", body)

    assert 422 == refused.status_code
    assert {error["field"] for error in refused.json()["errors"]} <= {"/startsAt", "/endsAt"}


async def test_names_that_look_alike_are_one_practitioner(service: Service) -> None:
    """A practitioner is booked once, whichever way Unicode spells the name."""
    await service.staff.post("/api/contacts", {"name": "Ana Reis"})
    now = datetime(2025, 6, 17, 9, tzinfo=UTC)
    stay = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}

    answers = [
        await service.staff.post("/api/appointments", {"contactId": 1, "practitioner": name, **stay})
        for name in ("Dr. Jos\u00e9", "Dr. Jose\u0301 ")
    ]

    assert [201, 409] == [answer.status_code for answer in answers]


async def test_an_appointment_stored_before_a_rule_can_be_mended(clinics_url: str, service: Service) -> None:
    """A row that breaks a rule is refused by field where it stays broken, and changed where it is mended."""
    await service.staff.post("/api/contacts", {"name": "Ana Reis"})
    stay = {"startsAt": "2025-06-17T09:00:00Z", "endsAt": "2025-06-17T09:30:00Z"}
    await service.staff.post("/api/appointments", {"contactId": 1, "practitioner": "Dr. Costa", **stay})
    database = database_of(clinics_url)
    with bind(1):
        async with database.writing() as unit:
            broken = scope.update(APPOINTMENTS).values(ends_at=APPOINTMENTS.c.starts_at)
            await unit.execute(broken)
    await database.aclose()

    answers = [
        await service.staff.ask("PATCH", "/api/appointments/1", change, version="*")
        for change in ({"reason": "Check-up"}, {"endsAt": stay["endsAt"]}, {"reason": "Check-up"})
    ]

    assert [422, 200, 200] == [answer.status_code for answer in answers]
    assert ["/endsAt"] == [error["field"] for error in answers[0].json()["errors"]]
