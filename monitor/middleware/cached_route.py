"""Which routes may be answered from the cache, and under which key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from monitor.cache.keys import CacheKey
from monitor.tenancy.identity import TenantId

QueryPairs = Sequence[tuple[str, str]]
KeyMaker = Callable[[TenantId, Mapping[str, str], QueryPairs], CacheKey | None]


@dataclass(frozen=True, slots=True)
class CachedRoute:
    """How the answers of one route are cached.

    Attributes:
        path: The route's template, as in the route table.
        key: Makes the key from the bound tenant, the path's parameters and the query; None
            leaves the request uncached, for instance when a parameter is invalid. The same
            arguments must always give the same key.
    """

    path: str
    key: KeyMaker
