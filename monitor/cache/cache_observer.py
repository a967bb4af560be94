"""What the cache tells about itself, and nothing about who listens."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class CacheResult(StrEnum):
    """The outcomes of a lookup; the label `result`."""

    HIT = "hit"
    MISS = "miss"
    STALE = "stale"
    BYPASS = "bypass"
    ERROR = "error"


class CacheLayer(StrEnum):
    """Where a lookup was answered, or a call went to; the label `layer`."""

    NEAR = "near"
    STORE = "store"


class BreakerState(StrEnum):
    """States of the circuit breaker; the label `state`."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CacheObserver(Protocol):
    """Receives every outcome and timing of the cache; durations in seconds, sizes in bytes.

    `tenant` is a TenantId's integer. Implementations never raise and never block.
    """

    def looked_up(
        self, tenant: int, domain: str, result: CacheResult, layer: CacheLayer, seconds: float
    ) -> None:
        """One lookup ended; exactly one call for every lookup."""
        ...

    def loaded(self, tenant: int, domain: str, seconds: float, error_type: str | None) -> None:
        """The load behind a miss ended; `error_type` names the exception's class, or None."""
        ...

    def coalesced(self, domain: str) -> None:
        """A caller joined a load that another one had begun."""
        ...

    def filled(self, domain: str, size: int) -> None:
        """An entry of `size` bytes was stored."""
        ...

    def fill_rejected(self, domain: str, reason: str) -> None:
        """A loaded value was not stored: `too_large`, `not_admitted`, `store_failed`."""
        ...

    def entry_rejected(self, domain: str, reason: str) -> None:
        """Stored bytes did not open; `reason` is that of EntryRejected."""
        ...

    def generation_age(self, domain: str, seconds: float) -> None:
        """A hit was served under a generation of that age."""
        ...

    def invalidated(self, tenant: int, domain: str, seconds: float, confirmed: bool) -> None:  # noqa: FBT001 - a fact, not a switch
        """Fresh generations were sent for a scope; `confirmed`: the store answered."""
        ...

    def store_called(self, operation: str, seconds: float, error_type: str | None) -> None:
        """One round trip to the store ended."""
        ...

    def moved(self, direction: str, size: int) -> None:
        """`size` bytes were `read` from or `written` to the store."""
        ...

    def breaker_changed(self, state: BreakerState) -> None:
        """The breaker before the store changed its state."""
        ...

    def near_cache_sized(self, entries: int, size: int) -> None:
        """The near cache now holds `entries` of `size` bytes together."""
        ...

    def switched(self, domain: str, enabled: bool) -> None:  # noqa: FBT001 - a fact, not a switch
        """The cache switch changed for `domain` (`*`: all)."""
        ...

    def sampled(self, tenant: int, domain: str, consistent: bool) -> None:  # noqa: FBT001 - a fact, not a switch
        """A cached answer was compared with the database."""
        ...
