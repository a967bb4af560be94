"""How the routes answer: JSON bytes, entity tags, links between pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from app.routes.entity_tags import entity_tag
from app.schemas.pages import Page, PageLinks, PageQuery, parameters_of
from app.services.listing import Found
from app.services.versions import Version

Item = TypeVar("Item")

_MEDIA_TYPE = "application/json"
_encode = msgspec.json.Encoder().encode
# Stored for one user only, and asked for again each time: a browser cannot be told of a write.
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


def json(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with `value` as JSON."""
    return Response(_encode(value), status, {**_PRIVATE, **(headers or {})}, _MEDIA_TYPE)


def entity(value: Any, version: Version) -> Response:
    """Answer with an entity and the tag of its version."""
    return json(value, headers={"ETag": entity_tag(version)})


def created(value: Any, version: Version, location: str) -> Response:
    """Answer with a new entity, where it is and the tag of its version."""
    return json(value, status=201, headers={"ETag": entity_tag(version), "Location": location})


def nothing(headers: Mapping[str, str] | None = None) -> Response:
    """Answer that it is done and there is nothing to show."""
    return Response(status_code=204, headers=headers)


def page(path: str, query: PageQuery, found: Found[Item]) -> Response:
    """Answer with one page of a list, linked to its neighbours."""
    last = max(1, -(-found.total // query.page_size))
    links = _links(path, parameters_of(query), query.page, last)
    return json(Page(found.items, query.page, query.page_size, found.total, links))


def _links(path: str, parameters: dict[str, str], number: int, last: int) -> PageLinks:
    # Made from the canonical query: one stored answer serves every spelling of it.
    kept = {name: value for name, value in parameters.items() if name != "page"}

    def link(to: int) -> str:
        return f"{path}?{urlencode({**kept, 'page': to})}"

    return PageLinks(
        this=link(number),
        first=link(1),
        last=link(last),
        prev=link(min(number - 1, last)) if number > 1 else None,
        next=link(number + 1) if number < last else None,
    )
