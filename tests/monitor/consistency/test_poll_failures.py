"""An outbox that cannot be read is one line that says what to do, and then one a minute."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from structlog.testing import LogCapture

from monitor.clock import SystemClock
from monitor.consistency.cache_lease import CacheLease
from monitor.consistency.outbox_poll import OutboxPoll
from monitor.consistency.outbox_store import OutboxStore
from monitor.consistency.poll_failures import PollFailures, described
from monitor.consistency.protocol import Timing
from monitor.database.urls import place_of
from monitor.errors import ConfigurationError, ConnectionLost, PoolExhausted, StatementFailed
from monitor.testing.fakes import ManualClock, RecordingObserver
from tests.servers import PgBouncerServer, free_port


@pytest.fixture
def lines() -> LogCapture:
    """Give what was logged."""
    return LogCapture()


@pytest.fixture
def log(lines: LogCapture) -> Any:
    """Give a logger whose lines are kept."""
    return structlog.wrap_logger(structlog.PrintLogger(), processors=[lines])


def test_one_line_at_once_and_one_a_minute(lines: LogCapture, log: Any) -> None:
    """Four failures a second for two and a half minutes are three lines, and their end is one."""
    clock = ManualClock()
    failures = PollFailures("db.internal:5432/clinic", clock, log)
    for _ in range(600):
        failures.failed(ConnectionLost("CONNECT", "ConnectionRefusedError"))
        clock.advance(0.25)
    failures.ended()
    failures.ended()

    assert [1, 241, 481, 600] == [line["count"] for line in lines.entries]
    assert {"db.internal:5432/clinic"} == {line["host"] for line in lines.entries[:3]}
    assert ("outbox_poll_recovered", 150.0) == (lines.entries[-1]["event"], lines.entries[-1]["seconds"])


@pytest.mark.parametrize(
    ("failure", "reason", "remedy"),
    [
        (StatementFailed("SELECT", "ProgrammingError", "42P01"), "42P01", "monitor migrate"),
        (StatementFailed("SELECT", "OperationalError", "SQLITE_ERROR"), "SQLITE_ERROR", "monitor migrate"),
        (ConnectionLost("CONNECT", "InvalidPasswordError", "28P01"), "28P01", "password"),
        (
            ConnectionLost("CONNECT", "ConnectionRefusedError"),
            "ConnectionRefusedError",
            "does the database run",
        ),
        (ConnectionLost("CONNECT", "Error", "08006"), "08006", "does the database run"),
        (ConnectionLost("CONNECT", "gaierror"), "gaierror", "resolved"),
        (StatementFailed("SELECT", "Error", "XX000"), "XX000", "own log"),
        (ConfigurationError("DATABASE_URL", "leads through a pooler"), "DATABASE_URL", "pooler"),
        (PoolExhausted(1.0), "pool", "in use"),
        (TimeoutError(), "TimeoutError", "does not answer"),
        (ValueError("secret"), "ValueError", "fault of the kit"),
    ],
)
def test_each_failure_has_a_remedy(failure: Exception, reason: str, remedy: str) -> None:
    """The driver's own code, and words for whoever is woken by it; never the failure's text."""
    told = described(failure)

    assert reason == told[0]
    assert remedy in told[1]
    assert "secret" not in "".join(told)


@asynccontextmanager
async def polling(url: str, log: Any) -> AsyncIterator[OutboxPoll]:
    clock, timing = SystemClock(), Timing()
    store = OutboxStore(url, observer=RecordingObserver(), clock=clock, timing=timing)
    try:
        yield OutboxPoll(
            outbox=store,
            lease=CacheLease(clock, timing),
            observer=RecordingObserver(),
            clock=clock,
            timing=timing,
            where=place_of(url),
            log=log,
        )
    finally:
        await store.aclose()


@pytest.mark.parametrize("kind", ["missing tables", "nobody there"])
async def test_a_real_database_without_the_tables_is_told_by_name(
    kind: str, database_url: str, lines: LogCapture, log: Any
) -> None:
    """What a poll meets on either database leads to the line that says what to run."""
    if kind == "nobody there":
        database_url = f"postgresql+asyncpg://user:secret@127.0.0.1:{free_port()}/clinic"
    async with polling(database_url, log) as poll:
        for _ in range(3):
            assert await poll.once() is None

    [line] = [entry for entry in lines.entries if entry["event"] == "outbox_poll_failed"]
    assert ("monitor migrate" if kind == "missing tables" else "does the database run") in line["remedy"]
    assert "secret" not in str(line)


async def test_a_pooler_that_cannot_be_used_refuses_the_start(
    postgres_url: str, pgbouncer: Callable[..., PgBouncerServer], log: Any
) -> None:
    """The first poll ends the start with the pooler's own line, instead of being a poll that failed."""
    url = pgbouncer("transaction").url_of(str(sa.make_url(postgres_url).database))
    async with polling(url, log) as poll:
        with pytest.raises(ConfigurationError, match="pool_mode=session"):
            await poll.once()
