"""The real service in a test: its application, its database, and clients of any clinic and role."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx
from opentelemetry.trace import NoOpTracer
from starlette.types import ASGIApp

from app.auth import Role, TokenIssuer
from app.columns import TENANT_COLUMN
from app.config import AppConfig
from app.main import create_app
from app.tables import CLINIC_SETTINGS, CLINICS
from app.variables import Key
from monitor.clock import SystemClock
from monitor.database import scope
from monitor.database.engine import Database
from monitor.tenancy.context import bind
from monitor.testing.fakes import RecordingObserver

KEY = Key("test", b"0" * 32)
KEY_TEXT = f"test:{base64.b64encode(KEY.secret).decode()}"
CLINICS_SET_UP = (1, 2)
MADE_AT = datetime(2025, 1, 1, tzinfo=UTC)


def config_of(database_url: str, **variables: str) -> AppConfig:
    """Return a configuration for tests."""
    defaults = {
        "DATABASE_URL": database_url,
        "TASKMED_TOKEN_KEYS": KEY_TEXT,
        "TASKMED_LOG_LEVEL": "error",
        # A comparison by chance would be a load that no test asked for.
        "TASKMED_CACHE_SAMPLE_SHARE": "0",
    }
    return AppConfig.from_environ({**defaults, **variables})


def on_redis(database_url: str, redis_url: str, **variables: str) -> AppConfig:
    """Return a configuration for tests with Redis.

    A new worker stands back from a shared store for one lease, and until then each write waits.
    """
    config = config_of(database_url, CACHE_URL=redis_url, TASKMED_SEALING_KEYS=KEY_TEXT, **variables)
    cache = replace(config.monitor.cache, lease_s=0.3, poll_s=0.1, timeout_s=1.0)
    return replace(config, monitor=replace(config.monitor, cache=cache))


def database_of(url: str) -> Database:
    """Return a database that nobody listens to."""
    return Database(
        url,
        observer=RecordingObserver(),
        tracer=NoOpTracer(),
        clock=SystemClock(),
        tenant_column=TENANT_COLUMN,
    )


async def set_up_clinics(url: str) -> None:
    """Write what every clinic begins with."""
    database = database_of(url)
    for clinic in CLINICS_SET_UP:
        with bind(clinic):
            async with database.writing() as unit:
                zone = {"name": f"Clinic {clinic}", "time_zone": "Europe/Lisbon"}
                await unit.execute(scope.insert(CLINICS, **zone))
                await unit.execute(scope.insert(CLINIC_SETTINGS, **_FIRST_SETTINGS))
    await database.aclose()


_FIRST_SETTINGS: Mapping[str, Any] = {
    "language": "en",
    "email": None,
    "phone": None,
    "opens_at": "08:00",
    "closes_at": "18:00",
    "appointment_minutes": 30,
    "reminder_hours": 24,
    "version": 1,
    "created_at": MADE_AT,
    "updated_at": MADE_AT,
}


@dataclass(frozen=True)
class Caller:
    """Someone with a token, or without one, who asks the service."""

    app: ASGIApp
    token: str | None

    async def ask(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
    ) -> httpx.Response:
        """Send one request; `version` is sent as `If-Match`."""
        sent = dict(headers or {})
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if version is not None:
            sent["If-Match"] = version
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://taskmed.test") as client:
            return await client.request(method, path, json=json, headers=sent, content=content)

    async def get(self, path: str) -> httpx.Response:
        return await self.ask("GET", path)

    async def post(self, path: str, json: Any) -> httpx.Response:
        return await self.ask("POST", path, json)


@dataclass(frozen=True)
class Service:
    """The running service."""

    app: ASGIApp

    def caller(self, role: Role = Role.STAFF, clinic: int | None = 1) -> Caller:
        issuer = TokenIssuer([KEY], SystemClock())
        return Caller(self.app, issuer.mint(role=role, user="tester", clinic=clinic))

    @property
    def staff(self) -> Caller:
        """A member of clinic 1's staff."""
        return self.caller()

    @property
    def other(self) -> Caller:
        """A member of clinic 2's staff."""
        return self.caller(clinic=2)

    @property
    def admin(self) -> Caller:
        """An admin of clinic 1."""
        return self.caller(Role.ADMIN)

    @property
    def operator(self) -> Caller:
        """An operator of the whole service."""
        return self.caller(Role.OPERATOR, None)

    @property
    def stranger(self) -> Caller:
        """Someone without a token."""
        return Caller(self.app, None)


@asynccontextmanager
async def running(config: AppConfig) -> AsyncIterator[Service]:
    """Run the service until the block ends."""
    app = create_app(config)
    async with app.router.lifespan_context(app):
        yield Service(app)


def contact(**fields: Any) -> dict[str, Any]:
    """Return a contact to send."""
    return {"name": "Ana Reis", **fields}


def appointment(contact_id: int = 1, **fields: Any) -> dict[str, Any]:
    """Return an appointment to send: half an hour on 17 June 2025, in summer time."""
    return {
        "contactId": contact_id,
        "practitioner": "Dr. Costa",
        "startsAt": "2025-06-17T09:00:00+01:00",
        "endsAt": "2025-06-17T09:30:00+01:00",
        **fields,
    }


def record(contact_id: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a medical record to send."""
    return {
        "contactId": contact_id,
        "kind": "diagnosis",
        "title": "Seasonal allergy",
        "practitioner": "Dr. Costa",
        "recordedAt": "2025-06-17T09:20:00Z",
        **fields,
    }


def broken(response: httpx.Response) -> dict[str, str]:
    """Return the fields that a problem document names, with their messages."""
    return {error["field"]: error["message"] for error in response.json()["errors"]}
