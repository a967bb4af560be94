"""The real service over both databases, each test on one that is as it began."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.migrations import upgrade
from app.tables import ALL_METADATA
from tests.app.service import Service, config_of, on_redis, running, set_up_clinics
from tests.servers import PostgresServer

# In the order of their foreign keys.
_TABLES = [table.name for metadata in ALL_METADATA for table in metadata.sorted_tables]


async def _prepare(url: str) -> None:
    await upgrade(url)
    await set_up_clinics(url)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "clinics.db"
    asyncio.run(_prepare(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def _postgres_clinics(postgres_server: PostgresServer) -> str:
    name = postgres_server.create_database()
    asyncio.run(_prepare(postgres_server.url_of(name)))
    saved = (f"create table saved_{table} as table {table}" for table in _TABLES)
    postgres_server.execute("; ".join(saved), name)
    return name


@pytest.fixture
def clinics_on_sqlite(_sqlite_template: Path, tmp_path: Path) -> str:
    """Give the URL of a SQLite database of clinics 1 and 2."""
    path = tmp_path / "clinics.db"
    shutil.copy(_sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
def clinics_on_postgres(_postgres_clinics: str, postgres_server: PostgresServer) -> str:
    """Give the URL of a PostgreSQL database of clinics 1 and 2, set back to how it began."""
    restored = (f"insert into {table} table saved_{table}" for table in _TABLES)
    postgres_server.execute("; ".join((f"truncate {', '.join(_TABLES)}", *restored)), _postgres_clinics)
    return postgres_server.url_of(_postgres_clinics)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def clinics_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of a database of clinics 1 and 2, once for each kind."""
    url: str = request.getfixturevalue(f"clinics_on_{request.param}")
    return url


@pytest.fixture
async def service(request: pytest.FixtureRequest, clinics_url: str) -> AsyncIterator[Service]:
    """Give the running service: on SQLite with the store in the process, on PostgreSQL with Redis."""
    redis = request.getfixturevalue("redis_url") if clinics_url.startswith("postgresql") else None
    async with running(config_of(clinics_url) if redis is None else on_redis(clinics_url, redis)) as service:
        yield service


@pytest.fixture
async def sqlite_service(clinics_on_sqlite: str) -> AsyncIterator[Service]:
    """Give the running service for what has nothing to do with the kind of database."""
    async with running(config_of(clinics_on_sqlite)) as service:
        yield service


@pytest.fixture
async def drilled_service(clinics_on_sqlite: str) -> AsyncIterator[Service]:
    """Give the running service with the stress endpoints on."""
    async with running(config_of(clinics_on_sqlite, TASKMED_STRESS="on")) as service:
        yield service
