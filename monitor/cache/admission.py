"""Whether this worker may use the cache; the cache lease of `docs/cache.md` answers it."""

from __future__ import annotations

from typing import Protocol

_ONLY_EPOCH = 0


class Admission(Protocol):
    """The worker's right to use the cache, asked before every lookup. Calls are cheap and never raise."""

    def admits(self, tenant: int, domain: str) -> int | None:
        """Return the epoch to look up and store under now, or None: bypass.

        None while the lease on the outbox has run out, the scope is suspect, or the epoch is
        still in quarantine.
        """
        ...

    def confirms(self) -> int | None:
        """Return the epoch under which this worker may confirm a write now, or None.

        Unlike `admits` it does not look at suspects: a write's own outbox row makes its scope
        suspect, and must not keep it from being confirmed.
        """
        ...

    def recognises(self, epoch: int, incarnation: str) -> bool:
        """Say whether `incarnation` is the run of the server that `epoch` stands for."""
        ...


class AlwaysAdmitted:
    """The admission of a cache without an outbox.

    Strict for one process with the memory store. On a shared store an invalidation that the
    store did not answer is lost: other workers serve the old entry until it expires.
    """

    def admits(self, tenant: int, domain: str) -> int | None:  # noqa: ARG002 - the contract's names
        return _ONLY_EPOCH

    def confirms(self) -> int | None:
        return _ONLY_EPOCH

    def recognises(self, epoch: int, incarnation: str) -> bool:  # noqa: ARG002 - the contract's names
        return epoch == _ONLY_EPOCH
