"""The database's history, run from code: no ini file, no second process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import asyncpg
import sqlalchemy as sa
import sqlalchemy.exc as sa_exc
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from monitor.database.connections import PoolSettings, for_writing, is_sqlite, make_engine
from monitor.errors import ConfigurationError

_UNREACHABLE = "no database answers; is it running, and are address, name, user and password right?"
_LOCK = 7_265_410_118_420  # any number, the same in every process that migrates


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`; does nothing where it is there already.

    Several processes may call it at once: one migrates, the others wait and find it done.

    Raises:
        ConfigurationError: The URL is not one the service supports, or nothing can be reached by it.
    """
    await _run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision`; raises as `upgrade`."""
    await _run(url, lambda config: command.downgrade(config, revision))


async def _run(url: str, step: Callable[[Config], None]) -> None:
    engine = for_writing(make_engine(url, PoolSettings(size=1, application_name="taskmed")))
    try:
        async with aclosing(await _connected(engine)) as connection, connection.begin():
            await connection.run_sync(_within, step)
    finally:
        await engine.dispose()


async def _connected(engine: AsyncEngine) -> AsyncConnection:
    if is_sqlite(engine):
        Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
    try:
        return await engine.connect()
    except (OSError, sa_exc.SQLAlchemyError, asyncpg.PostgresError) as failure:
        cause = getattr(failure, "orig", None) or failure
        raise ConfigurationError("DATABASE_URL", f"{_UNREACHABLE} ({type(cause).__name__})") from None


def _within(connection: sa.Connection, step: Callable[[Config], None]) -> None:
    if connection.dialect.name == "postgresql":  # SQLite's transaction began with the one write lock
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    step(config)
