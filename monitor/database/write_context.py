"""What a committed write still owes the cache, and who pays it.

A unit of work settles its commit itself, at its end; where the running request has opened
a write context, the commit is handed over and settled before the first byte of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from monitor.scopes import CacheScope


@dataclass(frozen=True, slots=True)
class Commit:
    """A committed write.

    Attributes:
        scopes: What it made stale.
        outbox_ids: The outbox rows written in its transaction, one for each scope.
        committed_at: Monotonic time after the commit was acknowledged, in seconds.
    """

    scopes: tuple[CacheScope, ...]
    outbox_ids: tuple[int, ...]
    committed_at: float


class Settlement(Protocol):
    """Makes a committed write safe to answer."""

    async def settle(self, commit: Commit) -> None:
        """Return once no read that begins from now on can be given what the commit replaced. Never raises."""
        ...


class NoSettlement:
    """For writers that run without a cache: each worker's relay finds the outbox rows in its next poll."""

    async def settle(self, commit: Commit) -> None:
        """Return at once."""


def merged(commits: Sequence[Commit]) -> Commit:
    """Return the commits of one request as one, which is as old as the youngest of them."""
    return Commit(
        tuple(dict.fromkeys(scope for commit in commits for scope in commit.scopes)),
        tuple(row for commit in commits for row in commit.outbox_ids),
        max(commit.committed_at for commit in commits),
    )


_OPEN: ContextVar[list[Commit] | None] = ContextVar("monitor_write_context", default=None)


@contextmanager
def collecting_commits() -> Iterator[list[Commit]]:
    """Open a write context: commits made inside are handed to the caller, who settles them."""
    commits: list[Commit] = []
    token = _OPEN.set(commits)
    try:
        yield commits
    finally:
        _OPEN.reset(token)


def hand_over(commit: Commit) -> bool:
    """Give the commit to the open write context; False where there is none."""
    commits = _OPEN.get()
    if commits is None:
        return False
    commits.append(commit)
    return True
