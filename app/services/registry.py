"""The services together, as the routes are given them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from app.services.analytics import AnalyticsService
from app.services.appointments import AppointmentService
from app.services.clinics import Clinic, all_clinics
from app.services.contacts import ContactService
from app.services.idempotency import Creations
from app.services.medical_records import MedicalRecordService
from app.services.settings import SettingsService
from app.services.stress import StressService
from app.standing.follower import OrderFollower
from app.zones import ClinicZones
from monitor.clock import Clock
from monitor.database.engine import Database


@dataclass(frozen=True, slots=True)
class Services:
    """One service for each domain, and what operators steer."""

    contacts: ContactService
    appointments: AppointmentService
    medical_records: MedicalRecordService
    analytics: AnalyticsService
    settings: SettingsService
    stress: StressService
    standing: OrderFollower
    clinics: Callable[[], Awaitable[Sequence[Clinic]]]


def make_services(
    database: Database, clock: Clock, zones: ClinicZones, stress: StressService, standing: OrderFollower
) -> Services:
    """Make every service on one database."""
    creations = Creations(database, clock)
    return Services(
        ContactService(database, clock, creations),
        AppointmentService(database, clock, creations),
        MedicalRecordService(database, clock, creations),
        AnalyticsService(database, clock, zones),
        SettingsService(database, clock),
        stress,
        standing,
        partial(all_clinics, database),
    )
