"""Which errors say that a session is of no more use, so that it never serves a second request.

A session outlives what it was opened for: the primary that it reached was demoted, the server
is going down, a proxy cut it off. SQLAlchemy's dialects notice a closed socket; what the server
says in words (SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html) is read here.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import event, exc
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

_READ_ONLY = "25006"
# 08 connection exception; 57P01 to 57P05 shutdown, crash, cannot connect now, dropped, idle; 25P03 and
# 25P04 idle or too long in a transaction.
_GOING = ("08", "57P", "25P03", "25P04")
_NOT_IN_STATE = "55000"  # such as a function of recovery on a server that has left it
_FATAL = ("FATAL", "PANIC")


class SessionEnd(Enum):
    """How far an error reaches."""

    NONE = "none"  # the session goes on
    SESSION = "session"  # this session alone ends
    POOL = "pool"  # every session that is as old ends: they reach the same server


def session_end(failure: BaseException, *, read_only: bool) -> SessionEnd:
    """Return how far `failure` reaches.

    Args:
        failure: What the driver raised.
        read_only: Whether the transaction was opened read-only, so that a refused write is the
            caller's fault and not the server's state.
    """
    if isinstance(failure, TimeoutError):
        return SessionEnd.SESSION
    if isinstance(failure, OSError):
        return SessionEnd.POOL
    code = sqlstate_of(failure) or ""
    if code.startswith(_GOING) or _severity_of(failure) in _FATAL:
        return SessionEnd.POOL
    if code == _READ_ONLY and not read_only:
        return SessionEnd.POOL
    return SessionEnd.SESSION if code == _NOT_IN_STATE else SessionEnd.NONE


def sqlstate_of(failure: BaseException) -> str | None:
    """Return the database's own code of `failure`: a SQLSTATE, or SQLite's name of the error."""
    for error in (failure, getattr(failure, "orig", None)):
        code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
        if code is not None:
            return str(code)
    return None


def end_sessions(engine: AsyncEngine) -> None:
    """Let `engine` give up sessions at the errors that `session_end` names, and closed ones unasked."""
    event.listen(engine.sync_engine, "handle_error", _judge)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)


def _judge(context: ExceptionContext) -> None:
    connection = context.connection
    if connection is None:
        return
    read_only = bool(connection.get_execution_options().get("postgresql_readonly"))
    end = session_end(context.original_exception, read_only=read_only)
    if end is SessionEnd.NONE:
        return
    context.invalidate_pool_on_disconnect = end is SessionEnd.POOL
    context.is_disconnect = True
    if isinstance(context.original_exception, TimeoutError) and not connection.invalidated:
        # A server that does not answer would not answer to a farewell either.
        terminate = getattr(connection.connection.driver_connection, "terminate", None)
        if terminate is not None:
            terminate()


def _refuse_closed(dbapi_connection: Any, _record: Any, _proxy: Any) -> None:
    # The pool makes another one. It costs no round trip: the event loop has read the server's farewell.
    driver: Any = getattr(dbapi_connection, "driver_connection", None)
    is_closed = getattr(driver, "is_closed", None)
    if is_closed is not None and is_closed():
        raise exc.DisconnectionError


def _severity_of(failure: BaseException) -> str | None:
    for error in (failure, failure.__cause__):
        diagnosis = getattr(error, "diag", error)
        # psycopg's name and asyncpg's; the other one, `severity`, speaks the server's language.
        for name in ("severity_nonlocalized", "severity_en"):
            if severity := getattr(diagnosis, name, None):
                return str(severity)
    return None
