"""What the dashboard promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.app.service import Service, appointment, contact, record

LISBON = ZoneInfo("Europe/Lisbon")


def in_days(days: int, hour: int, **fields: Any) -> dict[str, Any]:
    start = datetime.now(LISBON).replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return appointment(
        startsAt=start.isoformat(), endsAt=(start + timedelta(minutes=20)).isoformat(), **fields
    )


async def test_the_dashboard_counts_the_clinics_days(service: Service) -> None:
    """Today, the last 30 days and the next 7 are counted by status, day and practitioner."""
    await service.staff.post("/api/contacts", contact())
    booked = (
        in_days(0, 9),
        in_days(0, 10, status="cancelled"),
        in_days(-1, 9, status="completed"),
        in_days(-2, 9, status="completed", practitioner="Dr. Nunes"),
        in_days(-3, 9, status="no_show"),
        in_days(-40, 9, status="completed"),
        in_days(1, 9),
        in_days(1, 11),
        in_days(7, 9),
        in_days(8, 9),
    )
    for one in booked:
        assert 201 == (await service.staff.post("/api/appointments", one)).status_code
    await service.staff.post("/api/medical-records", record(recordedAt="2025-06-17T09:00:00Z"))
    await service.staff.post("/api/medical-records", record(recordedAt=datetime.now(UTC).isoformat()))

    shown = (await service.staff.get("/api/analytics/dashboard")).json()

    assert datetime.now(LISBON).date().isoformat() == shown["asOf"]
    assert "Europe/Lisbon" == shown["timeZone"]
    assert {"scheduled": 1, "confirmed": 0, "completed": 0, "cancelled": 1, "no_show": 0} == shown["today"]
    assert {"scheduled": 1, "confirmed": 0, "completed": 2, "cancelled": 1, "no_show": 1} == shown[
        "last30Days"
    ]
    assert [2, 0, 0, 0, 0, 0, 1] == [day["appointments"] for day in shown["next7Days"]]
    assert 0.3333 == shown["noShowShare"]
    assert [("Dr. Costa", 2), ("Dr. Nunes", 1)] == [
        (one["practitioner"], one["appointments"]) for one in shown["busiest"]
    ]
    assert (1, 1, 2, 1) == tuple(
        shown[name] for name in ("contacts", "newContacts", "medicalRecords", "newMedicalRecords")
    )


async def test_a_new_clinic_has_a_dashboard_of_noughts(service: Service) -> None:
    """Where there is nothing to count, nothing fails."""
    shown = (await service.staff.get("/api/analytics/dashboard")).json()

    assert 0 == shown["contacts"] == shown["noShowShare"] == sum(shown["today"].values())
    assert [] == shown["busiest"]
    assert 7 == len(shown["next7Days"])
