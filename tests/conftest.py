"""Fixtures that every room's tests share: real servers, fresh databases."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from tests.binaries import need
from tests.servers import PgBouncerServer, PostgresServer, RedisServer

# A deadline for each example tells of the machine's load, not of the code.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

_MARKS = {
    "redis": {"redis_url", "redis_server", "fresh_redis"},
    "postgres": {"postgres_url", "postgres_server"},
}


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start; a shell has it ignored by what it runs in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the servers its fixtures start, so that `-m "not redis"` selects rightly."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        for mark, fixtures in _MARKS.items():
            if names & fixtures:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def _redis_session() -> Iterator[RedisServer]:
    server = RedisServer(need("redis-server"))
    with server:
        yield server


@pytest.fixture
def redis_server(_redis_session: RedisServer) -> RedisServer:
    """Give the session's Redis, running and empty; tests that break it take `fresh_redis`."""
    if not _redis_session.running:
        _redis_session.start()
    _redis_session.resume()
    _redis_session.ask("FLUSHALL")
    return _redis_session


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Give the URL of a running, empty Redis."""
    return redis_server.url


@pytest.fixture
def fresh_redis() -> Iterator[RedisServer]:
    """Give a Redis of the test's own, to be stopped, paused or killed."""
    with RedisServer(need("redis-server")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Give the session's PostgreSQL."""
    with PostgresServer(need("initdb"), need("postgres"), need("psql")) as server:
        yield server


@pytest.fixture
def pgbouncer(postgres_server: PostgresServer) -> Iterator[Callable[..., PgBouncerServer]]:
    """Start PgBouncers before the session's PostgreSQL, each in the mode that it is called with."""
    with ExitStack() as stack:
        yield lambda mode, **options: stack.enter_context(
            PgBouncerServer(need("pgbouncer"), postgres_server, mode, **options)
        )


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Give the URL of an empty PostgreSQL database."""
    name = postgres_server.create_database()
    yield postgres_server.url_of(name)
    postgres_server.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the URL of a SQLite database that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'taskmed.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty database, once for each kind that the service supports."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
