"""How a request may be answered from the cache: the cached route that it asks for, and its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from starlette.routing import compile_path
from starlette.types import Scope

from monitor.middleware.cached_route import CachedRoute
from monitor.middleware.request import Plan, RequestRecord
from monitor.tenancy.identity import TenantId

# Requests whose keys are remembered, and their longest path and query: the memory is the client's to fill.
_PLANNED, _LONGEST = 20_000, 200


class CachePlans:
    """Finds the plan of a request, and remembers it.

    Args:
        routes: The routes that may be cached.
    """

    def __init__(self, routes: Sequence[CachedRoute]) -> None:
        self._matcher = RouteMatcher(routes)
        self._known: dict[tuple[TenantId, str, bytes, str], Plan] = {}

    def of(self, tenant: TenantId, scope: Scope, record: RequestRecord) -> Plan | None:
        """Return the plan of the tenant's GET or HEAD request; None: it is not cached.

        It is made out once for a request: whoever asks again reads it off the record.
        """
        if record.plans is self:
            return record.plan
        asked = (tenant, scope["path"], scope["query_string"], scope.get("root_path", ""))
        record.plans = self
        record.plan = plan = self._known.get(asked) or self._plan(*asked)
        return plan

    def _plan(self, tenant: TenantId, path: str, query: bytes, root: str) -> Plan | None:
        found = self._matcher.match(path.removeprefix(root))
        if found is None:
            return None
        route, parameters = found
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else ()
        key = route.key(tenant, parameters, pairs)
        if key is None:
            return None
        plan = Plan(key, route.path)
        if len(path) + len(query) <= _LONGEST:
            if len(self._known) >= _PLANNED:
                self._known.clear()
            self._known[tenant, path, query, root] = plan
        return plan


class RouteMatcher:
    """Finds the route of a path: exact ones in a dictionary, templates by Starlette's own pattern."""

    def __init__(self, routes: Sequence[CachedRoute]) -> None:
        self._exact = {route.path: route for route in routes if "{" not in route.path}
        self._templates = [(compile_path(route.path)[0], route) for route in routes if "{" in route.path]

    def match(self, path: str) -> tuple[CachedRoute, Mapping[str, str]] | None:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        for pattern, route in self._templates:
            found = pattern.match(path)
            if found is not None:
                return route, found.groupdict()
        return None
