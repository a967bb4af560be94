"""What goes into a lookup and what comes out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from monitor.cache.cache_observer import CacheLayer, CacheResult


@dataclass(slots=True)
class Loaded:
    """What a load found.

    A load that could not find out raises; only then may a stale entry answer instead.

    Attributes:
        value: The encoded answer.
        cacheable: Whether it may be stored; False for answers that are no facts, such as a 403.
        negative: Whether it says that there is nothing (404); kept for `negative_ttl_s` only.
        shared: Whether it may be given to those who waited for it; else each loads for itself.
        lifetime_s: How long it may be kept, by its own word; None: as long as the policy says.
        revalidates: Whether it may never be served once it has expired.
    """

    value: bytes
    cacheable: bool = True
    negative: bool = False
    shared: bool = True
    lifetime_s: float | None = None
    revalidates: bool = False


Load = Callable[[], Awaitable[Loaded]]


class Lookup(NamedTuple):
    """How a lookup was answered; what `Cache-Status` (RFC 9211) tells is all here.

    Attributes:
        value: The encoded answer.
        result: The outcome.
        layer: Where a hit or a stale answer came from; None where the load answered.
        ttl_left_s: Seconds until the entry expires; negative once it has, 0 without one.
        age_s: Seconds since the answer was loaded.
        stored: Whether the loaded answer is being stored.
        collapsed: Whether the load was another caller's.
        negative: Whether the answer says that there is nothing.
    """

    value: bytes
    result: CacheResult
    layer: CacheLayer | None = None
    ttl_left_s: float = 0.0
    age_s: float = 0.0
    stored: bool = False
    collapsed: bool = False
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of the fresh generations of a write.

    Attributes:
        confirmed: Every one was answered on the epoch's own incarnation, and this worker could
            confirm before and after: the write may be answered.
        incarnation: The incarnation that ran all of them; None where not every one was answered.
            A relay deletes outbox rows by it.
    """

    confirmed: bool
    incarnation: str | None
