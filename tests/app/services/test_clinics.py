"""The clinics, for what runs on behalf of all of them."""

from __future__ import annotations

from app.services.clinics import all_clinics
from tests.app.service import database_of


async def test_every_clinic_is_listed_with_its_zone(clinics_url: str) -> None:
    """Each one once, by id, on both databases."""
    database = database_of(clinics_url)
    try:
        clinics = await all_clinics(database)
    finally:
        await database.aclose()

    assert [(1, "Europe/Lisbon"), (2, "Europe/Lisbon")] == [(one.id, one.zone.key) for one in clinics]
