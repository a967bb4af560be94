"""What the routes read from a request; whatever cannot be read becomes a problem."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from app.problems import BodyTooLarge, NotFound, PreconditionRequired, UnsupportedMediaType
from app.routes.entity_tags import Precondition
from app.schemas.validation import decode, parse_query
from app.services.registry import Services
from app.services.versions import ANY_VERSION, Expectation

Shape = TypeVar("Shape", bound=msgspec.Struct)

_LAST_ID = 2**63 - 1
_JSON = frozenset({"application/json", "application/merge-patch+json"})


def services_of(request: Request) -> Services:
    """Return the services that the application was composed of."""
    services: Services = request.app.state.services
    return services


def entity_id(text: str) -> int | None:
    """Return the id that a path's parameter names, or None where no entity can have it."""
    if not (text.isascii() and text.isdigit() and len(text) < len(str(_LAST_ID)) + 1):
        return None
    number = int(text)
    return number if 0 < number <= _LAST_ID else None


def required_id(request: Request, parameter: str) -> int:
    """Return the id in the path.

    Raises:
        NotFound: No entity can have it.
    """
    found = entity_id(request.path_params[parameter])
    if found is None:
        raise NotFound("No such id: ids are whole numbers from 1.")
    return found


def query(request: Request, shape: type[Shape]) -> Shape:
    """Return the query's parameters as a `shape`.

    Raises:
        Invalid: A parameter is unknown, repeated or breaks a rule.
    """
    query_string = request.scope["query_string"].decode("latin-1")
    return parse_query(parse_qsl(query_string, keep_blank_values=True), shape)


async def body(request: Request, shape: type[Shape]) -> Shape:
    """Return the request's body as a `shape`.

    Raises:
        UnsupportedMediaType: It is not declared as JSON.
        BodyTooLarge: It holds more bytes than the service takes.
        MalformedBody: It is not JSON in UTF-8.
        Invalid: A field breaks a rule.
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in _JSON:
        raise UnsupportedMediaType("Send the body as `Content-Type: application/json`.")
    return decode(await _bytes(request, request.app.state.max_body_bytes), shape)


def required_version(request: Request) -> Expectation:
    """Return what `If-Match` asks for.

    Raises:
        PreconditionRequired: The header is missing.
    """
    header = request.headers.get("if-match")
    if header is None:
        raise PreconditionRequired
    return Precondition.parse(header)


def optional_version(request: Request) -> Expectation:
    """Return what `If-Match` asks for, where it is given."""
    header = request.headers.get("if-match")
    return ANY_VERSION if header is None else Precondition.parse(header)


async def _bytes(request: Request, limit: int) -> bytes:
    too_large = BodyTooLarge(f"The service takes at most {limit} bytes.", headers={"Connection": "close"})
    declared = request.headers.get("content-length", "")
    if (
        declared.isascii()
        and declared.isdigit()
        and (len(declared) > len(str(limit)) or int(declared) > limit)
    ):
        raise too_large
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limit:
            raise too_large
    return bytes(received)
