"""Connections to PostgreSQL whose making is never broken off, and which never mix up statements.

asyncpg that is cancelled while it connects leaves behind a future that nobody asks, and now and
then a transport that only the garbage collector closes. So a caller that leaves lets it finish,
and what it brings is closed.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import asyncpg

from monitor.database.pooler import Pooling, pooling_of


class Connecting:
    """Connects as `asyncpg.connect` does, for callers that may be cancelled.

    Attributes:
        pooling: How the connections reach PostgreSQL; None before the first of them.
    """

    def __init__(self) -> None:
        self.pooling: Pooling | None = None
        self._unfinished: set[asyncio.Task[Any]] = set()

    async def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Return a connection.

        Args:
            arguments: Those of `asyncpg.connect`.
            options: The same; its `timeout` bounds what a caller that has left leaves running.

        Raises:
            ConfigurationError: A pooler stands between that asyncpg cannot be used with.
        """
        task = asyncio.ensure_future(self._connect(*arguments, **options))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._unfinished.add(task)
            task.add_done_callback(self._close)
            raise

    async def _connect(self, *arguments: Any, **options: Any) -> Any:
        connect = partial(asyncpg.connect, *arguments, **options)
        connection = await connect()
        try:
            async with asyncio.timeout(options.get("timeout")):
                # What is behind an address may change with a restart, so the first answer alone is not kept.
                self.pooling = await pooling_of(connection, connect, known=self.pooling)
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _close(self, task: asyncio.Task[Any]) -> None:
        self._unfinished.discard(task)
        if not task.cancelled() and task.exception() is None:
            task.result().terminate()
