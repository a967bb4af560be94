"""One range of bytes of a complete answer (RFC 9110, 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

_ONE = re.compile(rb"\s*bytes\s*=\s*(?:([0-9]+)\s*-\s*([0-9]*)|-\s*([0-9]+))\s*\Z", re.IGNORECASE)
_MOST_DIGITS = 18


class ByteRange(NamedTuple):
    """The bytes from `first` up to and without `end`; none of them: nothing that is asked for is there."""

    first: int
    end: int

    @property
    def satisfiable(self) -> bool:
        return self.first < self.end


def asked_range(header: bytes, length: int) -> ByteRange | None:
    """Read a `Range` value against a body's length; None: answer with the whole.

    Several ranges, other units and what cannot be read are answered with the whole, as a server
    may (RFC 9110, 14.2).
    """
    match = _ONE.match(header)
    if match is None or len(header) > 4 * _MOST_DIGITS:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        return ByteRange(max(0, length - int(suffix)), length)
    if last and int(last) < int(first):
        return None
    return ByteRange(int(first), min(length, int(last) + 1) if last else length)
