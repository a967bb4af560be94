"""Routes that no tenant asks for: named once, left out of every objective, page and rule."""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import lru_cache

# The kit's own: asked by machines and by those who watch and steer the service.
KIT_ROUTES = (
    "/api/health",
    "/api/health/*",
    "/metrics",
    "/console",
    "/console/*",
    "/api/metrics",
    "/api/traces",
    "/api/cache/*",
)


class RouteSet(Container[str]):
    """A set of route templates.

    Args:
        patterns: Templates; `*` at the end stands for whatever follows.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        given = tuple(patterns)
        self._whole = frozenset(pattern for pattern in given if not pattern.endswith("*"))
        self._beginnings = tuple(pattern[:-1] for pattern in given if pattern.endswith("*"))
        # The routes of a service are few, and each is asked about at every look at the counts.
        self._holds = lru_cache(1_024)(self._matches)

    def __contains__(self, route: object) -> bool:
        return isinstance(route, str) and self._holds(route)

    def _matches(self, route: str) -> bool:
        return route in self._whole or route.startswith(self._beginnings)
