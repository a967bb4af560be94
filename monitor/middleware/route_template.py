"""The full template of the route that the router matched, without matching again.

Starlette leaves the matched route in `scope["route"]`. Inside a mount that route's own path
is only the tail, and `root_path` holds the raw prefix, which may name a person or a tenant:
the two are never joined. Instead every route object is mapped to its full template once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from starlette.routing import compile_path

from monitor.metrics.catalogue import UNMATCHED

_MOST_ROUTES = 10_000


class _Template(NamedTuple):
    text: str
    pattern: re.Pattern[str]


class _Known(NamedTuple):
    route: object  # held, so that its id is not given to another object
    templates: list[_Template]


class RouteTemplates:
    """Templates by route object, read from the router on first sight of a route."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def of(self, scope: Mapping[str, Any]) -> str:
        """Return the matched route's full template, or `__unmatched__`."""
        route = scope.get("route")
        if route is None:
            # FastAPI names its own routes only; of Starlette's it leaves the endpoint.
            route = scope.get("endpoint")
            if route is None:
                return UNMATCHED
        known = self._known.get(id(route)) or self._learn(scope, route)
        if len(known.templates) == 1:
            return known.templates[0].text
        return _choose(known.templates, scope)

    def _learn(self, scope: Mapping[str, Any], route: object) -> _Known:
        if len(self._known) >= _MOST_ROUTES:
            return _Known(route, [])
        for found, text in _walk(getattr(scope.get("router"), "routes", ()), ""):
            known = self._known.setdefault(id(found), _Known(found, []))
            if all(text != template.text for template in known.templates):
                known.templates.append(_Template(text, compile_path(text or "/")[0]))
        # A mount, or a route no walk reaches: it stays unmatched and is not looked for again.
        return self._known.setdefault(id(route), _Known(route, []))


def _choose(templates: list[_Template], scope: Mapping[str, Any]) -> str:
    # One route object under several prefixes: only the path can say which was meant.
    root: str = scope.get("app_root_path", scope.get("root_path", ""))
    path: str = scope["path"].removeprefix(root)
    return next((template.text for template in templates if template.pattern.match(path)), UNMATCHED)


def _walk(routes: Any, prefix: str) -> Iterator[tuple[object, str]]:
    for route in routes:
        included = getattr(route, "effective_route_contexts", None)
        if included is not None:
            yield from _walk_included(included(), prefix)
            continue
        path = prefix + getattr(route, "path", "")
        inner = _inner_routes(route)
        if inner:
            yield from _walk(inner, path)
        elif hasattr(route, "endpoint"):
            yield route, path
            yield route.endpoint, path


def _walk_included(contexts: Any, prefix: str) -> Iterator[tuple[object, str]]:
    # FastAPI keeps included routers apart: the route object is the original, its path there lacks the prefix.
    for context in contexts:
        original, prefixed = context.original_route, context.starlette_route
        if prefixed is not None:
            for route, path in _walk([prefixed], prefix):
                yield route, path
                if route is prefixed:
                    yield original, path
        else:
            yield original, prefix + context.path


def _inner_routes(route: Any) -> Any:
    app = getattr(route, "app", None) if hasattr(route, "routes") else None
    while app is not None and not getattr(app, "routes", None):
        app = getattr(app, "app", None)
    return getattr(app, "routes", ())
