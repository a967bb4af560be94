"""Connections to PostgreSQL whose making is never broken off.

asyncpg that is cancelled while it connects leaves behind a future that nobody asks, and now and
then a transport that only the garbage collector closes. So a caller that leaves lets it finish,
and what it brings is closed.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg


class Connecting:
    """Connects as `asyncpg.connect` does, for callers that may be cancelled."""

    def __init__(self) -> None:
        self._unfinished: set[asyncio.Task[Any]] = set()

    async def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Return a connection.

        Args:
            arguments: Those of `asyncpg.connect`.
            options: The same; its `timeout` bounds what a caller that has left leaves running.
        """
        task = asyncio.ensure_future(asyncpg.connect(*arguments, **options))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._unfinished.add(task)
            task.add_done_callback(self._close)
            raise

    def _close(self, task: asyncio.Task[Any]) -> None:
        self._unfinished.discard(task)
        if not task.cancelled() and task.exception() is None:
            task.result().terminate()
