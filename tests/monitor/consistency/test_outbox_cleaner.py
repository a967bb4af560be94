"""Rows are deleted behind the answers, many at once, and a failure loses nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from monitor.consistency.outbox_cleaner import OutboxCleaner
from monitor.consistency.protocol import Timing
from monitor.errors import StatementFailed
from monitor.testing.fakes import ManualClock
from tests.monitor.consistency.memory_outbox import MemoryOutbox


class CountingOutbox(MemoryOutbox):
    """Keeps the deletions it was asked for."""

    def __init__(self) -> None:
        super().__init__(ManualClock(), Timing())
        self.asked: list[tuple[list[int], str]] = []

    async def resolve(self, ids: Sequence[int], incarnation: str) -> None:
        self.asked.append((list(ids), incarnation))
        if self.down:
            raise StatementFailed("DELETE cache_outbox", "ConnectionError")


@pytest.fixture
def outbox() -> CountingOutbox:
    """Give an outbox that counts."""
    return CountingOutbox()


async def test_rows_of_one_incarnation_are_deleted_together(outbox: CountingOutbox) -> None:
    """What gathers before the deletion begins, or while one is under way, is one statement each."""
    resolver = OutboxCleaner(outbox)
    resolver.resolve_later([1], "run-1")
    resolver.resolve_later([2, 3], "run-1")
    resolver.resolve_later([4], "run-2")
    await resolver.aclose()

    assert [([1, 2, 3], "run-1"), ([4], "run-2")] == outbox.asked


async def test_no_rows_are_no_statement(outbox: CountingOutbox) -> None:
    """A write without outbox rows leaves nothing to delete, and an idle resolver nothing to wait for."""
    resolver = OutboxCleaner(outbox)
    resolver.resolve_later([], "run-1")
    await resolver.aclose()

    assert [] == outbox.asked


async def test_a_failed_deletion_is_left_to_the_relays(outbox: CountingOutbox) -> None:
    """A database that fails here costs one more refresh, and the next deletion is tried."""
    resolver = OutboxCleaner(outbox)
    outbox.down = True
    resolver.resolve_later([1], "run-1")
    await resolver.aclose()
    outbox.down = False
    resolver.resolve_later([2], "run-1")
    await resolver.aclose()

    assert [([1], "run-1"), ([2], "run-1")] == outbox.asked
