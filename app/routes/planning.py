"""How the GETs of the route table are cached: what makes their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from app.problems import Invalid
from app.routes.parsing import entity_id
from app.routes.table import KeyMaker
from app.schemas.pages import PageQuery
from app.schemas.validation import parse_query
from monitor.cache.keys import CacheKey
from monitor.tenancy.identity import TenantId

Query = TypeVar("Query", bound=PageQuery)


def of_list(shape: type[Query], make: Callable[[TenantId, Query], CacheKey]) -> KeyMaker:
    """Return the key maker of a list; queries that the route refuses have no key."""

    def key(tenant: TenantId, _path: Mapping[str, str], pairs: Sequence[tuple[str, str]]) -> CacheKey | None:
        try:
            return make(tenant, parse_query(pairs, shape))
        except Invalid:
            return None

    return key


def of_entity(parameter: str, make: Callable[[TenantId, int], CacheKey]) -> KeyMaker:
    """Return the key maker of one entity; ids that nothing can have have no key."""

    def key(tenant: TenantId, path: Mapping[str, str], _pairs: Sequence[tuple[str, str]]) -> CacheKey | None:
        found = entity_id(path[parameter])
        return None if found is None else make(tenant, found)

    return key


def of_document(make: Callable[[TenantId], CacheKey]) -> KeyMaker:
    """Return the key maker of what a clinic has one of."""

    def key(tenant: TenantId, _path: Mapping[str, str], _pairs: Sequence[tuple[str, str]]) -> CacheKey | None:
        return make(tenant)

    return key
