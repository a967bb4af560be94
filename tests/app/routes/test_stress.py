"""What the stress endpoints promise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.service import Service, broken

FAULT = {"seconds": 30, "delayMs": 0, "errorShare": 1.0, "bypassCache": True, "clinics": [1]}


async def test_they_are_off_unless_they_are_switched_on(sqlite_service: Service) -> None:
    """Without TASKMED_STRESS there is nothing at their paths, not even for an operator."""
    answer = await sqlite_service.operator.ask("PUT", "/api/stress/fault", FAULT)

    assert 404 == answer.status_code


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_they_are_for_operators(drilled_service: Service, method: str) -> None:
    """Staff and admins answer 403, strangers 401."""
    body = FAULT if method == "PUT" else None
    callers = (drilled_service.staff, drilled_service.admin, drilled_service.stranger)

    statuses = [(await caller.ask(method, "/api/stress/fault", body)).status_code for caller in callers]

    assert [403, 403, 401] == statuses


async def test_a_fault_is_set_seen_suffered_and_ended(drilled_service: Service) -> None:
    """An operator sets a fault, the named clinic suffers it, and after DELETE nobody does."""
    operator, staff, other = drilled_service.operator, drilled_service.staff, drilled_service.other

    put = await operator.ask("PUT", "/api/stress/fault", FAULT)
    seen = await operator.get("/api/stress/fault")
    during = [(await caller.get("/api/contacts")).status_code for caller in (staff, other)]
    ended = await operator.ask("DELETE", "/api/stress/fault")
    after = [(await caller.get("/api/contacts")).status_code for caller in (staff, other)]

    assert (200, 204) == (put.status_code, ended.status_code)
    assert {**FAULT, "active": True}.items() >= {
        name: put.json()[name] for name in ("active", "errorShare", "clinics")
    }.items()
    assert put.json()["worker"] == seen.json()["worker"]
    assert [500, 200] == during
    assert [200, 200] == after
    assert (await operator.get("/api/stress/fault")).json()["active"] is False


async def test_a_bypassing_fault_sends_reads_to_the_database(drilled_service: Service) -> None:
    """While it lasts no read is answered from the cache, and `Cache-Status` says so."""
    await drilled_service.operator.ask("PUT", "/api/stress/fault", {"seconds": 30, "bypassCache": True})

    answers = [await drilled_service.staff.get("/api/contacts") for _ in range(3)]

    assert all("fwd=bypass" in answer.headers["Cache-Status"] for answer in answers)


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({}, "/seconds"),
        ({"seconds": 0}, "/seconds"),
        ({"seconds": 1_801}, "/seconds"),
        ({"seconds": 1, "delayMs": 10_001}, "/delayMs"),
        ({"seconds": 1, "errorShare": 1.5}, "/errorShare"),
        ({"seconds": 1, "clinics": [0]}, "/clinics/0"),
    ],
)
async def test_a_fault_is_bounded(drilled_service: Service, fault: dict[str, Any], field: str) -> None:
    """A fault without an end, or worse than a drill needs, is refused by field."""
    answer = await drilled_service.operator.ask("PUT", "/api/stress/fault", fault)

    assert 422 == answer.status_code
    assert [field] == list(broken(answer))
