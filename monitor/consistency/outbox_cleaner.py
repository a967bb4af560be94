"""Deletes the outbox rows of confirmed writes behind their answers, many in one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from monitor.consistency.protocol import Outbox
from monitor.errors import DatabaseError


class OutboxCleaner:
    """Gathers rows while a deletion is under way, and deletes them together.

    A row that it fails to delete is found by a relay: one more refresh, nothing worse.

    Args:
        outbox: Where the rows are.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._waiting: dict[str, list[int]] = {}
        self._task: asyncio.Task[None] | None = None

    def resolve_later(self, ids: Sequence[int], incarnation: str) -> None:
        """Delete the rows soon, if `incarnation`, which ran their SETs, is still the current one."""
        if not ids:
            return
        self._waiting.setdefault(incarnation, []).extend(ids)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._resolve_all())

    async def aclose(self) -> None:
        """Wait until nothing is left to delete."""
        if self._task is not None:
            await self._task

    async def _resolve_all(self) -> None:
        while self._waiting:
            incarnation = next(iter(self._waiting))
            ids = self._waiting.pop(incarnation)
            with suppress(DatabaseError):
                await self._outbox.resolve(ids, incarnation)
