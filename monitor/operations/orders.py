"""What an operator sends: a small JSON document, read up to a bound and never beyond it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.requests import Request

from monitor.errors import MonitorError
from monitor.operations.json_body import JsonBody

MOST_BYTES = 16_384

Shape = TypeVar("Shape", bound=msgspec.Struct)


class OrderRefused(MonitorError):
    """What was sent is no order that can be taken; nothing has changed.

    Args:
        status: The HTTP status that says so.
        reason: What would be right, in one line; it repeats no value that was sent.
    """

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


async def read_order(request: Request, order: JsonBody[Shape], *, empty: bytes = b"") -> Shape:
    """Return the request's body as an order.

    Args:
        request: Whose body it is.
        order: The kind of order.
        empty: What an empty body stands for.

    Raises:
        OrderRefused: It holds more than `MOST_BYTES`, is no JSON in UTF-8, or breaks a rule.
    """
    body = await _bytes(request) or empty
    try:
        return order.decode(body)
    except msgspec.ValidationError as fault:
        raise OrderRefused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{fault}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise OrderRefused(HTTPStatus.BAD_REQUEST, "The body must be JSON in UTF-8.") from None


async def _bytes(request: Request) -> bytes:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MOST_BYTES:
            reason = f"Send at most {MOST_BYTES} bytes."
            raise OrderRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
    return bytes(received)
