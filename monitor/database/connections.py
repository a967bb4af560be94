"""Engines for PostgreSQL and SQLite that keep the same promises.

Readers see one snapshot. Writers on SQLite begin with the write lock, so that none is
refused at its first write for what another one did since it began to read.
"""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Mapping
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from monitor.database.connecting import Connecting
from monitor.database.database_settings import PoolSettings
from monitor.database.pooler import Pooling
from monitor.database.session_end import end_sessions
from monitor.database.urls import ASYNCPG, SQLITE, asyncpg_arguments, parse, psycopg_arguments

_WRITES = "monitor_writes"
_SINGLE = "AUTOCOMMIT"
_POOLING = "monitor_pooling"


def make_engine(url: str, pool: PoolSettings) -> AsyncEngine:
    """Return an engine for `url`; it connects when it is first used.

    Raises:
        ConfigurationError: The URL names another database or driver, SQLite in memory, or an option
            that its driver does not have.
    """
    parsed = parse(url)
    options: dict[str, Any] = {
        "pool_size": pool.size,
        "max_overflow": 0,
        "pool_timeout": pool.timeout_s,
        "pool_recycle": pool.recycle_s,
        "pool_use_lifo": True,
        "hide_parameters": True,
    }
    return (
        _postgresql(parsed, pool, options) if parsed.drivername != SQLITE else _sqlite(parsed, pool, options)
    )


def _postgresql(url: URL, pool: PoolSettings, options: Mapping[str, Any]) -> AsyncEngine:
    # SQLAlchemy reads several hosts out of the URL itself; every other option is told as an argument.
    hosts = {name: value for name, value in url.query.items() if name in ("host", "port")}
    named = {name: value for name, value in url.query.items() if name not in hosts}
    connecting = Connecting()
    if url.drivername == ASYNCPG:
        arguments = _of_asyncpg(named, pool) | {"async_creator_fn": connecting}
    else:
        arguments = _of_psycopg(named, pool)
    engine = create_async_engine(url.set(query=hosts), connect_args=arguments, **options)
    end_sessions(engine)

    @event.listens_for(engine.sync_engine, "connect")
    def remember(_connection: Any, record: Any) -> None:
        record.info[_POOLING] = connecting.pooling

    return engine


def _of_asyncpg(named: Mapping[str, Any], pool: PoolSettings) -> dict[str, Any]:
    defaults = {"timeout": pool.connect_timeout_s, "command_timeout": pool.statement_timeout_s}
    arguments = asyncpg_arguments(named)
    settings = {"application_name": pool.application_name} | arguments.pop("server_settings", {})
    return defaults | arguments | {"server_settings": settings}


def _of_psycopg(named: Mapping[str, Any], pool: PoolSettings) -> dict[str, Any]:
    defaults = {
        "application_name": pool.application_name,
        "connect_timeout": max(2, ceil(pool.connect_timeout_s)),  # libpq knows no shorter one
        # Names that psycopg gives to what it prepares collide behind a pooler in transaction mode.
        "prepare_threshold": None,
    }
    return defaults | psycopg_arguments(named)


def _sqlite(url: URL, pool: PoolSettings, options: Mapping[str, Any]) -> AsyncEngine:
    engine = create_async_engine(
        url,
        connect_args={"timeout": pool.busy_timeout_s, "isolation_level": None},
        poolclass=sa.AsyncAdaptedQueuePool,
        **options,
    )
    event.listen(engine.sync_engine, "do_connect", _keep_private)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def for_reading(engine: AsyncEngine) -> AsyncEngine:
    """Return a view of `engine` whose transactions are read-only snapshots."""
    if is_sqlite(engine):
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def for_writing(engine: AsyncEngine) -> AsyncEngine:
    """Return a view of `engine` whose transactions write."""
    return engine.execution_options(**{_WRITES: True})


def for_single_statements(engine: AsyncEngine) -> AsyncEngine:
    """Return a view of `engine` without transactions: each statement sees and commits for itself."""
    return engine.execution_options(isolation_level=_SINGLE)


async def can_listen(connection: AsyncConnection) -> bool:
    """Say whether notifications reach `connection`: asyncpg's own session hears them while it waits."""
    raw = await connection.get_raw_connection()
    return raw.info.get(_POOLING) in (Pooling.NONE, Pooling.SESSION)


def is_sqlite(engine: AsyncEngine) -> bool:
    """Say whether `engine` speaks to SQLite."""
    return bool(engine.dialect.name == "sqlite")


def _keep_private(_dialect: Any, _record: Any, arguments: Any, _options: Any) -> None:
    """Let nobody but the owner into the file; SQLite gives its journals the mode of the file."""
    if str(arguments[0]).startswith("file:"):
        return  # a URI says by itself how it is opened
    path = Path(arguments[0])
    with suppress(OSError):  # what cannot be opened SQLite says better
        path.touch(mode=0o600)
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & stat.S_IRWXO:
            path.chmod(mode & ~stat.S_IRWXO)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # WAL lets readers go on beside the one writer. It is a property of the file: where the switch finds
    # the file in use, whoever uses it has switched or the next connection will.
    with suppress(sqlite3.OperationalError):
        cursor.execute("PRAGMA journal_mode=WAL")
    # NORMAL loses nothing that the end of a process could lose.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # The driver's own BEGIN comes late and takes no lock; ours decides both.
    options = connection.get_execution_options()
    if options.get("isolation_level") == _SINGLE:
        return
    writes = options.get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
