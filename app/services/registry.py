"""The services together, as the routes are given them."""

from __future__ import annotations

from dataclasses import dataclass

from app.services.analytics import AnalyticsService
from app.services.appointments import AppointmentService
from app.services.contacts import ContactService
from app.services.idempotency import Creations
from app.services.medical_records import MedicalRecordService
from app.services.settings import SettingsService
from app.services.stress import StressService
from app.zones import ClinicZones
from monitor.clock import Clock
from monitor.database.engine import Database


@dataclass(frozen=True, slots=True)
class Services:
    """One service for each domain, and the stress service for drills."""

    contacts: ContactService
    appointments: AppointmentService
    medical_records: MedicalRecordService
    analytics: AnalyticsService
    settings: SettingsService
    stress: StressService


def make_services(database: Database, clock: Clock, zones: ClinicZones) -> Services:
    """Make every service on one database."""
    creations = Creations(database, clock)
    return Services(
        ContactService(database, clock, creations),
        AppointmentService(database, clock, creations),
        MedicalRecordService(database, clock, creations),
        AnalyticsService(database, clock, zones),
        SettingsService(database, clock),
        StressService(clock),
    )
