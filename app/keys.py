"""The cache keys of the service; a parameter becomes a part only where it differs from its default."""

from __future__ import annotations

from datetime import date
from functools import partial

from app import policies
from app.naming import NAMING
from monitor.cache.keys import CacheKey, digest
from monitor.cache.keys import make_key as _make_key

DEFAULT_PAGE_SIZE = 20
make_key = partial(_make_key, prefix=NAMING.key_prefix)


class ContactKeys:
    """Keys of the contacts."""

    @staticmethod
    def list(tenant: int, page: int = 1, *, page_size: int = DEFAULT_PAGE_SIZE, search: str = "") -> CacheKey:
        parts = ("list", f"page_{page}", *_size(page_size), *_search(search))
        return make_key(tenant, policies.CONTACTS, *parts)

    @staticmethod
    def detail(tenant: int, contact_id: int) -> CacheKey:
        return make_key(tenant, policies.CONTACTS, "detail", str(contact_id), entity=contact_id)


class AppointmentKeys:
    """Keys of the appointments."""

    @staticmethod
    def list(
        tenant: int, page: int = 1, *, page_size: int = DEFAULT_PAGE_SIZE, **filters: object
    ) -> CacheKey:
        parts = ("list", f"page_{page}", *_size(page_size), *_filters(filters))
        return make_key(tenant, policies.APPOINTMENTS, *parts)

    @staticmethod
    def by_date(
        tenant: int,
        day: date | str,
        page: int = 1,
        *,
        page_size: int = DEFAULT_PAGE_SIZE,
        **filters: object,
    ) -> CacheKey:
        # A day is an entity of its own: a booking makes the lists of its day stale, and of no other.
        own = AppointmentKeys.day(day)
        parts = (own, *_page(page), *_size(page_size), *_filters(filters))
        return make_key(tenant, policies.APPOINTMENTS, *parts, entity=own)

    @staticmethod
    def day(day: date | str) -> str:
        """Name the entity that the lists of a day show, for keys and for the scopes of writes."""
        return f"date_{day}"

    @staticmethod
    def detail(tenant: int, appointment_id: int) -> CacheKey:
        return make_key(tenant, policies.APPOINTMENTS, "detail", str(appointment_id), entity=appointment_id)


class MedicalRecordKeys:
    """Keys of the medical records."""

    @staticmethod
    def list(
        tenant: int, page: int = 1, *, page_size: int = DEFAULT_PAGE_SIZE, **filters: object
    ) -> CacheKey:
        parts = ("list", f"page_{page}", *_size(page_size), *_filters(filters))
        return make_key(tenant, policies.MEDICAL_RECORDS, *parts)

    @staticmethod
    def detail(tenant: int, record_id: int) -> CacheKey:
        return make_key(tenant, policies.MEDICAL_RECORDS, "detail", str(record_id), entity=record_id)


class AnalyticsKeys:
    """Keys of the analytics."""

    @staticmethod
    def dashboard(tenant: int) -> CacheKey:
        return make_key(tenant, policies.ANALYTICS, "dashboard")


class SettingsKeys:
    """Keys of the clinic's settings."""

    @staticmethod
    def current(tenant: int) -> CacheKey:
        return make_key(tenant, policies.SETTINGS, "current")


class CacheKeys:
    """The key generator, by domain: `CacheKeys.contacts.list(1, 1)` is `clinic_1:contacts:list:page_1`."""

    contacts = ContactKeys()
    appointments = AppointmentKeys()
    medical_records = MedicalRecordKeys()
    analytics = AnalyticsKeys()
    settings = SettingsKeys()


def _page(page: int) -> tuple[str, ...]:
    return () if page == 1 else (f"page_{page}",)


def _size(page_size: int) -> tuple[str, ...]:
    return () if page_size == DEFAULT_PAGE_SIZE else (f"size_{page_size}",)


def _search(text: str) -> tuple[str, ...]:
    # What a person searches for is personal data: only its digest may stand in a key.
    return (f"search_{digest(text)}",) if text else ()


def _filters(filters: dict[str, object]) -> tuple[str, ...]:
    return tuple([f"{name}_{value}" for name, value in sorted(filters.items()) if value is not None])
