"""Whether a pooler stands between asyncpg and PostgreSQL, and whether it keeps prepared statements apart.

asyncpg names its prepared statements by a counter of each connection. A pooler that hands one
server to many clients, transaction by transaction, mixes them up: two processes were seen to be
given each other's rows, without any error. PgBouncer keeps them apart from 1.21 on, where
`max_prepared_statements` is not 0 (https://www.pgbouncer.org/config.html#max_prepared_statements).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any
from uuid import uuid4

import asyncpg

from monitor.errors import ConfigurationError

_ROUNDS = 10
_PATIENCE_S = 2.0
_BACKEND = "SELECT pg_backend_pid()"
_REFUSED = (
    "leads through a pooler in transaction mode, which mixes up the prepared statements of asyncpg's clients:"
    " give it pool_mode=session, or PgBouncer 1.21 and later with max_prepared_statements=200,"
    " or name the driver psycopg (postgresql+psycopg://)"
)


class Pooling(Enum):
    """What a connection's sessions are to it."""

    NONE = "none"  # one session, from PostgreSQL itself
    SESSION = "session"  # one session, lent for as long as the connection lasts
    TRANSACTION = "transaction"  # another session in each transaction, prepared statements kept apart


async def pooling_of(
    connection: Any, connect: Callable[[], Awaitable[Any]], known: Pooling | None = None
) -> Pooling:
    """Return how `connection` reaches PostgreSQL.

    Args:
        connection: A new connection of asyncpg.
        connect: Makes another one to the same place.
        known: What an earlier connection was told; a pooler that is known is not asked again.

    Raises:
        ConfigurationError: Through a pooler that lends sessions by transaction or by statement, and
            was not seen to keep prepared statements apart.
    """
    try:
        # A pooler tells a process id of its own making, which is a key to cancel by.
        if await _backend_of(connection) == connection.get_server_pid():
            return Pooling.NONE
        if known in (Pooling.SESSION, Pooling.TRANSACTION):
            return known
        other = await connect()
        try:
            return await _mode_of(connection, other)
        finally:
            other.terminate()
    except asyncpg.PostgresError as failure:
        if "statement pooling mode" in str(failure):  # PgBouncer's word for a transaction that is begun in it
            raise ConfigurationError("DATABASE_URL", _REFUSED) from None
        raise


async def _mode_of(connection: Any, other: Any) -> Pooling:
    if not await _is_shared(connection, other):
        return Pooling.SESSION
    if await _keeps_apart(connection, other):
        return Pooling.TRANSACTION
    raise ConfigurationError("DATABASE_URL", _REFUSED)


async def _is_shared(connection: Any, other: Any) -> bool:
    """Say whether two open connections were served by one session, or one by two."""
    first = await _backend_of(connection)
    for _ in range(_ROUNDS):
        try:
            second = await asyncio.wait_for(_backend_of(other), _PATIENCE_S)
        except TimeoutError:  # the pooler's last session is this connection's own
            return False
        if second == first or await _backend_of(connection) != first:
            return True
    return False


async def _keeps_apart(connection: Any, other: Any) -> bool:
    """Say whether a statement prepared on one session was seen to run on another one."""
    async with connection.transaction():
        statement = await connection.prepare(_BACKEND, name=f"monitor_{uuid4().hex}")
        prepared_on = await statement.fetchval()
    for _ in range(_ROUNDS):
        async with other.transaction():
            # While the other connection holds that session, the statement must run elsewhere.
            if await _in_transaction(other) != prepared_on:
                continue
            try:
                return bool(await asyncio.wait_for(statement.fetchval(), _PATIENCE_S) != prepared_on)
            except (asyncpg.PostgresError, TimeoutError):
                return False
    return False


async def _backend_of(connection: Any) -> int:
    async with connection.transaction():
        return await _in_transaction(connection)


async def _in_transaction(connection: Any) -> int:
    # Unnamed, and so never anybody else's within the transaction.
    statement = await connection.prepare(_BACKEND, name="")
    return int(await statement.fetchval())
