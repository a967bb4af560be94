"""One transaction on one connection, which a session that was cut off before it costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import sqlalchemy as sa
import sqlalchemy.exc as sa_exc
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from monitor.clock import Clock
from monitor.database.session_end import sqlstate_of
from monitor.database.silence import Silence
from monitor.errors import ConnectionLost, PoolExhausted

T = TypeVar("T")
_MARGIN_S = 0.25
# What a driver raises where the way to the database is cut; asyncpg lets the socket's own errors through.
LOST = (sa_exc.SQLAlchemyError, OSError)


class Transaction:
    """Runs statements on a connection of `engine`.

    The first statement is asked once more on a fresh connection where the session turns out to
    be gone: nothing was committed or seen in it. Later ones are not, for a transaction is whole.

    Args:
        engine: What connections are taken from.
        connection: The first of them.
        silence: Watches what waits for the server; None: each statement has its own limit alone.
    """

    def __init__(
        self, engine: AsyncEngine, connection: AsyncConnection, silence: Silence | None = None
    ) -> None:
        self._engine = engine
        self._connection = connection
        self._silence = silence
        self._begun = self._given_up = False

    @property
    def dialect(self) -> str:
        """Name of the database's dialect."""
        return self._engine.dialect.name

    async def execute(
        self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement, or the same one for each of `rows`; raises as SQLAlchemy does."""
        if self._begun:
            return await self._watched(self._connection.execute(statement, rows))
        try:
            result = await self._watched(self._connection.execute(statement, rows))
        except (sa_exc.DBAPIError, OSError) as failure:
            # A statement that was given up for its time may have run, and would take as long again.
            if self._given_up or not self._connection.invalidated or isinstance(failure, TimeoutError):
                raise
            await self.aclose()
            self._connection = await self._engine.connect()
            result = await self._watched(self._connection.execute(statement, rows))
        self._begun = True
        return result

    async def commit(self) -> None:
        """Commit; whether a commit that fails has happened nobody knows."""
        await self._watched(self._connection.commit())

    async def aclose(self) -> None:
        """Give the connection back, also where the caller leaves; what is not committed is rolled back.

        A session that dies at its rollback has answered all that it was asked, so that is no error.
        """
        closing = asyncio.ensure_future(self._close())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await asyncio.wait((closing,))
            raise

    async def _close(self) -> None:
        try:
            await self._watched(self._connection.close())
        except LOST as failure:
            for end in (self._connection.invalidate(failure), self._connection.close()):
                with suppress(*LOST):
                    await end

    async def _watched(self, call: Awaitable[T]) -> T:
        if self._silence is None:
            return await call
        watch = self._silence.watch(self._give_up)
        try:
            return await call
        finally:
            watch.cancel()

    def _give_up(self) -> None:
        self._given_up = True
        proxied = self._connection.sync_connection
        if proxied is not None and not proxied.invalidated and not proxied.closed:
            # asyncpg's word for closing the socket without asking anybody.
            terminate = getattr(proxied.connection.driver_connection, "terminate", None)
            if terminate is not None:
                terminate()


@asynccontextmanager
async def opened(
    engine: AsyncEngine, clock: Clock, *, within_s: float | None = None, silence: Silence | None = None
) -> AsyncIterator[Transaction]:
    """Open a transaction; it ends with the block, committed only where `commit` was called.

    Args:
        engine: What the connection is taken from.
        clock: Monotonic time.
        within_s: The longest that a free connection and its making may take together.
        silence: Watches what waits for the server.

    Raises:
        ConnectionLost: No connection can be made.
        PoolExhausted: None became free in time.
    """
    transaction = Transaction(engine, await _connection_of(engine, clock, within_s), silence)
    try:
        yield transaction
    finally:
        await transaction.aclose()


async def _connection_of(engine: AsyncEngine, clock: Clock, within_s: float | None) -> AsyncConnection:
    started = clock.monotonic()
    try:
        # A little more than the pool's own limit, which tells what it was that took so long.
        async with asyncio.timeout(None if within_s is None else within_s + _MARGIN_S):
            return await engine.connect()
    except sa_exc.TimeoutError:
        raise PoolExhausted(clock.monotonic() - started) from None
    except LOST as failure:
        raise lost("CONNECT", failure) from None


def lost(summary: str, failure: BaseException) -> ConnectionLost:
    """Return the kit's error for a connection that could not be made or went away; it quotes nothing."""
    cause = getattr(failure, "orig", None) or failure
    return ConnectionLost(summary, type(cause).__name__, sqlstate_of(failure))
