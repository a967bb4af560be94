"""Commits of one request are settled together."""

from __future__ import annotations

from monitor.database.write_context import Commit, NoSettlement, collecting_commits, hand_over, merged
from monitor.scopes import CacheScope
from monitor.tenancy.identity import TenantId

NOTES = CacheScope(TenantId(1), "notes", "1")
PAGES = CacheScope(TenantId(1), "pages", None)


def test_commits_become_one_as_old_as_the_youngest() -> None:
    """Scopes are named once, every row is kept, and the wait counts from the last commit."""
    first, second = Commit((NOTES, PAGES), (1, 2), 10.0), Commit((NOTES,), (3,), 12.0)

    assert Commit((NOTES, PAGES), (1, 2, 3), 12.0) == merged([first, second])


def test_a_context_takes_what_is_committed_inside() -> None:
    """Contexts nest, and outside of any nobody takes a commit over."""
    commit = Commit((NOTES,), (1,), 10.0)
    with collecting_commits() as outer:
        with collecting_commits() as inner:
            assert hand_over(commit)
        assert hand_over(commit)

    assert not hand_over(commit)
    assert ([commit], [commit]) == (outer, inner)


async def test_without_a_cache_there_is_nothing_to_settle() -> None:
    """A writer that runs beside the service leaves its rows to the relays."""
    commit = Commit((NOTES,), (1,), 10.0)

    await NoSettlement().settle(commit)

    assert (1,) == commit.outbox_ids
