"""A cached answer and what must be known to serve it, as bytes."""

from __future__ import annotations

import struct
from typing import NamedTuple

from monitor.errors import EntryRejected

VERSION = 2
# Version, flags, created and expires in seconds since the epoch, seconds the load took (XFetch's delta).
_HEADER = struct.Struct(">BBddf")
_NEGATIVE, _REVALIDATES = 1, 2
_unpack = _HEADER.unpack_from
_new = tuple.__new__
_START = _HEADER.size
_NO_FLAGS = (False, False)


class Entry(NamedTuple):
    """A cached answer.

    Attributes:
        value: The encoded answer.
        created_at: When its load began, in seconds since the epoch.
        expires_at: When it expires; it may be kept longer to answer for a failing load.
        load_s: How long its load took.
        negative: Whether it says that there is nothing.
        revalidates: Whether it may not answer for a failing load.
    """

    value: bytes
    created_at: float
    expires_at: float
    load_s: float
    negative: bool = False
    revalidates: bool = False

    def encode(self) -> bytes:
        flags = (_NEGATIVE if self.negative else 0) | (_REVALIDATES if self.revalidates else 0)
        return _HEADER.pack(VERSION, flags, self.created_at, self.expires_at, self.load_s) + self.value


def decode(raw: bytes) -> Entry:
    """Read an entry.

    Raises:
        EntryRejected: The bytes are of another format version, or too short.
    """
    if len(raw) < _START:
        raise EntryRejected("format")
    version, flags, created_at, expires_at, load_s = _unpack(raw)
    if version != VERSION:
        raise EntryRejected("format")
    # What Entry(...) does, at half its cost: this runs once for every hit.
    negative, revalidates = (flags & _NEGATIVE != 0, flags & _REVALIDATES != 0) if flags else _NO_FLAGS
    return _new(Entry, (raw[_START:], created_at, expires_at, load_s, negative, revalidates))
