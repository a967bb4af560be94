"""What an OTLP receiver answers: whether it took all of a batch, and when it wants to be asked again.

Source: OpenTelemetry Protocol specification, "OTLP/HTTP Response"; RFC 9110, 10.2.3 (`Retry-After`).
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_PARTIAL_SUCCESS = 1  # ExportTraceServiceResponse.partial_success
_REJECTED_SPANS = 1  # ExportTracePartialSuccess.rejected_spans
_SIGN = 1 << 63
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}


def rejected_spans(body: bytes) -> int:
    """Return how many spans an `ExportTraceServiceResponse` says were refused.

    Args:
        body: The response's body in protobuf. One that cannot be read refuses nothing: its
            status has already said that the batch was taken.
    """
    try:
        partial = _field(body, _PARTIAL_SUCCESS)
        count = _field(partial, _REJECTED_SPANS) if isinstance(partial, bytes) else 0
    except (IndexError, ValueError):
        return 0
    return count if isinstance(count, int) and count < _SIGN else 0


def asked_wait_s(value: str, now: float) -> float | None:
    """Return for how many seconds a `Retry-After` asks to be left alone; None without a readable one.

    Args:
        value: The header, as seconds or as an HTTP date.
        now: Seconds since the Unix epoch.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
    except (TypeError, ValueError):
        return None


def _field(message: bytes, wanted: int) -> int | bytes | None:
    """Return the last value of a field; protobuf lets a later one replace an earlier one."""
    found: int | bytes | None = None
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, at = _value(message, at, tag & 7)
        if tag >> 3 == wanted:
            found = value
    return found


def _value(message: bytes, at: int, wire_type: int) -> tuple[int | bytes, int]:
    if wire_type == _VARINT:
        return _varint(message, at)
    if wire_type == _BYTES:
        length, at = _varint(message, at)
    elif wire_type in _WIDTHS:
        length = _WIDTHS[wire_type]
    else:
        raise ValueError(wire_type)
    if at + length > len(message):
        raise IndexError
    return message[at : at + length], at + length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit of protobuf's base-128 integers
            return number, at
        shift += 7
