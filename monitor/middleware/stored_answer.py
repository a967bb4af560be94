"""An HTTP answer as the bytes the cache stores, and back."""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import NamedTuple

import msgspec

Headers = list[tuple[bytes, bytes]]
Varies = tuple[tuple[bytes, bytes], ...]
"""The request headers that an answer was chosen by, with the values they had."""

_LENGTH = struct.Struct("!I")
# What describes the content: the same for the same truth, whoever asked and whenever.
_OF_CONTENT = (b"content-type", b"content-language", b"content-encoding", b"last-modified", b"link")


class StoredAnswer(NamedTuple):
    """A complete answer.

    Attributes:
        status: The status code.
        etag: The entity tag, quotes included; empty where there is none.
        headers: The headers as they are sent, the answer's age and what the cache did left out.
        body: The body's bytes.
        age_s: How old it was when it was loaded.
        varies: The request headers it was chosen by, with the values they had (RFC 9111, 4.1).
        made_for: Of an answer that is not stored, the trace's id of the request it was made for,
            empty where that has none; None for one that is stored.
        error_type: What failed, where it tells of a failure.
    """

    status: int
    etag: bytes
    headers: Headers
    body: bytes
    age_s: int = 0
    varies: Varies = ()
    made_for: str | None = None
    error_type: str = ""


class Head(NamedTuple):
    """What stands before the body: all of a `StoredAnswer` but that, and where it begins."""

    status: int
    etag: bytes
    headers: Headers
    age_s: int
    varies: Varies
    made_for: str | None
    error_type: str
    body_at: int


_encode_head = msgspec.msgpack.Encoder().encode
_decode_head = msgspec.msgpack.Decoder(tuple[int, bytes, Headers, int, Varies, str | None, str]).decode
_new = tuple.__new__


def pack(answer: StoredAnswer) -> bytes:
    """Encode an answer: length of the head, head, body; the body stays untouched bytes."""
    status, etag, headers, body, *more = answer
    head = _encode_head((status, etag, headers, *more))
    return b"".join((_LENGTH.pack(len(head)), head, body))


def head_of(value: bytes) -> Head:
    """Decode the head of what `pack` made; the body is not touched."""
    end = _LENGTH.size + _LENGTH.unpack_from(value)[0]
    return _new(Head, (*_decode_head(value[_LENGTH.size : end]), end))


def same_content(first: bytes, second: bytes) -> bool:
    """Say whether two packed answers have the same content; a date or an id may differ each time.

    Values that a service stored itself, which are no answers, are the same if they are equal.
    """
    if first == second:
        return True
    try:
        one, other = head_of(first), head_of(second)
    except (struct.error, msgspec.MsgspecError):
        return False
    return _content(one) == _content(other) and first[one.body_at :] == second[other.body_at :]


def entity_tag(tenant: int, path: str, body: bytes) -> bytes:
    """Return a strong entity tag that no other tenant's content can share (RFC 9110, 8.8.3)."""
    digest = blake2b(body, digest_size=12, person=b"monitor-etag")
    digest.update(f"|{tenant}|{path}".encode())
    return b'"' + digest.hexdigest().encode() + b'"'


def _content(head: Head) -> tuple[int, bytes, Headers]:
    return head.status, head.etag, [pair for pair in head.headers if pair[0] in _OF_CONTENT]
