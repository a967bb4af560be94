"""What the routes read from a request; whatever cannot be read becomes a problem."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from app.problems import BodyTooLarge, Invalid, NotFound, PreconditionRequired, UnsupportedMediaType
from app.routes.entity_tags import Precondition
from app.schemas.validation import decode, parse_query
from app.services.idempotency import Attempt
from app.services.registry import Services
from app.services.versions import ANY_VERSION, Expectation
from monitor.problems import FieldError

Shape = TypeVar("Shape", bound=msgspec.Struct)

_LAST_ID = 2**63 - 1
_CHARACTER = r"\x21\x23-\x5b\x5d-\x7e"
_KEY = re.compile(rf'"(?P<quoted>[ {_CHARACTER}]{{1,255}})"|(?P<bare>[{_CHARACTER}]{{1,255}})')
_KEY_RULE = "must stand once: 1 to 255 printable ASCII characters, such as a UUID, in quotes"
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


def attempt(request: Request, content: msgspec.Struct) -> Attempt | None:
    """Return what the `Idempotency-Key` says of a creation; None where there is none.

    The key is a string of RFC 8941, in quotes; without them it is taken too, as many clients send it.

    Raises:
        Invalid: It is no key.
    """
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    found = _KEY.fullmatch(given[0].strip()) if len(given) == 1 else None
    if found is None:
        raise Invalid([FieldError("Idempotency-Key", _KEY_RULE)])
    payload = msgspec.json.encode((request.scope["path"], content))
    return Attempt(_digest((found["quoted"] or found["bare"]).encode()), _digest(payload))


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


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=24).hexdigest()


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
