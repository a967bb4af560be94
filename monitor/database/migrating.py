"""Runs a migration on a database that several processes may start to migrate at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from monitor.database.connections import for_writing, is_sqlite, make_engine
from monitor.database.database_settings import PoolSettings
from monitor.database.transaction import LOST
from monitor.errors import ConfigurationError

_UNREACHABLE = "no database answers; is it running, and are address, name, user and password right?"
_LOCK = 7_265_410_118_420  # any number, the same in every process that migrates


async def run_migration(url: str, step: Callable[[sa.Connection], None]) -> None:
    """Run `step` in one transaction; of several processes one runs, the others wait for it.

    Args:
        url: The database's.
        step: Given a connection in a transaction that may write; what it does twice must do no harm.

    Raises:
        ConfigurationError: The URL is not one the kit supports, or nothing can be reached by it.
    """
    engine = for_writing(make_engine(url, PoolSettings(size=1)))
    try:
        async with aclosing(await _connected(engine)) as connection, connection.begin():
            await connection.run_sync(_locked, step)
    finally:
        await engine.dispose()


async def _connected(engine: AsyncEngine) -> AsyncConnection:
    if is_sqlite(engine):
        Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
    try:
        return await engine.connect()
    except LOST as failure:
        cause = getattr(failure, "orig", None) or failure
        raise ConfigurationError("DATABASE_URL", f"{_UNREACHABLE} ({type(cause).__name__})") from None


def _locked(connection: sa.Connection, step: Callable[[sa.Connection], None]) -> None:
    if connection.dialect.name == "postgresql":  # SQLite's transaction began with the one write lock
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    step(connection)
