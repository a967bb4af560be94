"""The whole service under attack, over both databases."""

from tests.app.conftest import (
    _postgres_clinics,
    _sqlite_template,
    clinics_on_postgres,
    clinics_on_sqlite,
    clinics_url,
    service,
    sqlite_service,
)

__all__ = [
    "_postgres_clinics",
    "_sqlite_template",
    "clinics_on_postgres",
    "clinics_on_sqlite",
    "clinics_url",
    "service",
    "sqlite_service",
]
