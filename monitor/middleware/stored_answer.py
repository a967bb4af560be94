"""An HTTP answer as the bytes the cache stores, and back."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

import msgspec

Headers = list[tuple[bytes, bytes]]

_LENGTH = struct.Struct("!I")
# What an answer may carry from one request to another; cookies and request ids must not.
_STORED_HEADERS = frozenset(
    {b"content-type", b"content-language", b"content-encoding", b"last-modified", b"link"}
)
_encode_head = msgspec.msgpack.Encoder().encode
_decode_head = msgspec.msgpack.Decoder(tuple[int, bytes, Headers]).decode


class StoredAnswer(NamedTuple):
    """A complete answer.

    Attributes:
        status: The status code.
        etag: The strong entity tag, quotes included; empty for errors.
        headers: The headers that belong to the content.
        body: The body's bytes.
    """

    status: int
    etag: bytes
    headers: Headers
    body: bytes


def pack(answer: StoredAnswer) -> bytes:
    """Encode an answer: length of the head, head, body; the body stays untouched bytes."""
    head = _encode_head((answer.status, answer.etag, answer.headers))
    return b"".join((_LENGTH.pack(len(head)), head, answer.body))


class Head(NamedTuple):
    """What stands before the body.

    Attributes:
        status: As in `StoredAnswer`.
        etag: The same.
        headers: The same.
        body_at: Where the body begins.
    """

    status: int
    etag: bytes
    headers: Headers
    body_at: int


def head_of(value: bytes) -> Head:
    """Decode the head of what `pack` made; the body is not touched."""
    end = _LENGTH.size + _LENGTH.unpack_from(value)[0]
    status, etag, headers = _decode_head(value[_LENGTH.size : end])
    return Head(status, etag, headers, end)


def content_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Keep the headers that describe the content and may be stored."""
    return [(name, value) for name, value in headers if name.lower() in _STORED_HEADERS]


def entity_tag(tenant: int, path: str, body: bytes) -> bytes:
    """Return a strong entity tag that no other tenant's content can share (RFC 9110, 8.8.3)."""
    digest = blake2b(body, digest_size=12, person=b"monitor-etag")
    digest.update(f"|{tenant}|{path}".encode())
    return b'"' + digest.hexdigest().encode() + b'"'


def matches_any(header: bytes, etag: bytes) -> bool:
    """Say whether an `If-None-Match` value names `etag`, by weak comparison (RFC 9110, 13.1.2)."""
    if not etag:
        return False
    if header.strip() == b"*":
        return True
    return etag in (candidate.strip().removeprefix(b"W/") for candidate in header.split(b","))
