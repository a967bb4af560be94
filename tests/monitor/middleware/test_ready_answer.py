"""A stored answer is sent as it was stored, to GET and to HEAD, and not at all to who has it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Message

from monitor.cache.cache_observer import CacheResult
from monitor.cache.lookup import Lookup
from monitor.middleware.ready_answer import ReadyAnswer, cache_status, structured
from monitor.middleware.stored_answer import StoredAnswer, pack

VALUE = pack(
    StoredAnswer(
        200,
        b'"tag"',
        [(b"content-type", b"text/plain"), (b"etag", b'"tag"'), (b"content-length", b"4")],
        b"body",
    )
)


def scope(method: str = "GET", *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"method": method, "headers": list(headers)}


def answered(
    asked: dict[str, Any], status: bytes = b"", age_s: float | None = None, value: bytes = VALUE
) -> tuple[Message, Message]:
    return ReadyAnswer(value).messages(asked, dict(asked["headers"]), status, age_s)


def test_two_messages_answer_a_get() -> None:
    """Content headers, tag, length and the cache's word go out with the body."""
    start, body = answered(scope(), b"TaskMed; hit; ttl=3", 2.9)

    assert start["status"] == 200
    assert dict(start["headers"]) == {
        b"content-type": b"text/plain",
        b"etag": b'"tag"',
        b"age": b"2",
        b"cache-status": b"TaskMed; hit; ttl=3",
        b"content-length": b"4",
    }
    assert body["body"] == b"body"


def test_a_head_has_the_length_and_no_body() -> None:
    """HEAD tells what GET would send."""
    start, body = answered(scope("HEAD"), b"")

    assert dict(start["headers"])[b"content-length"] == b"4"
    assert body["body"] == b""


@pytest.mark.parametrize("known", [b'"tag"', b'W/"tag"', b'"old", "tag"', b"*"])
def test_who_has_it_is_told_so(known: bytes) -> None:
    """A known tag is answered by 304, without length and body."""
    start, body = answered(scope("GET", (b"if-none-match", known)), b"")

    assert start["status"] == 304
    assert b"content-length" not in dict(start["headers"])
    assert body["body"] == b""


def test_what_a_middleware_adds_stays_with_its_request() -> None:
    """Headers added to one answer are not on the next."""
    ready = ReadyAnswer(VALUE)
    ready.messages(scope(), {}, b"")[0]["headers"].append((b"x-request", b"1"))

    assert b"x-request" not in dict(ready.messages(scope(), {}, b"")[0]["headers"])


@pytest.mark.parametrize(
    ("lookup", "expected"),
    [
        (Lookup(b"", CacheResult.HIT, ttl_left_s=9.9), b"T; hit; ttl=9"),
        (Lookup(b"", CacheResult.STALE, ttl_left_s=-2.0), b"T; hit; ttl=-2; detail=stale"),
        (Lookup(b"", CacheResult.MISS, stored=True), b"T; fwd=miss; stored"),
        (Lookup(b"", CacheResult.MISS, stored=True, collapsed=True), b"T; fwd=miss; stored; collapsed"),
        (Lookup(b"", CacheResult.BYPASS), b"T; fwd=bypass"),
        (Lookup(b"", CacheResult.ERROR), b"T; fwd=bypass; detail=error"),
    ],
)
def test_cache_status_says_what_the_cache_did(lookup: Lookup, expected: bytes) -> None:
    """Every outcome has its words of RFC 9211."""
    assert cache_status(b"T", lookup) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vet", b"vet"),
        ("TaskMed-2", b"TaskMed-2"),
        ("my shop", b'"my shop"'),
        ('a"b', b'"a\\"b"'),
        ("1a", b'"1a"'),
    ],
)
def test_a_name_is_written_as_a_structured_field(name: str, expected: bytes) -> None:
    """A name that is no token is a string (RFC 9211, 2)."""
    assert structured(name) == expected


ID, OWN = "a" * 32, "b" * 32


def test_an_answer_that_is_not_stored_names_the_request_it_is_given_to() -> None:
    """A failure told to all who waited carries each one's own trace id, and no id of another's request."""
    value = pack(
        StoredAnswer(
            503,
            b"",
            [(b"x-request-id", b"7"), (b"x-trace", ID.encode()), (b"retry-after", b"1")],
            b'{"traceId":"%s"}' % ID.encode(),
            made_for=ID,
        )
    )
    start, body = ReadyAnswer(value).messages_for(scope(), {}, b"T; fwd=miss", OWN)

    assert dict(start["headers"]) == {
        b"x-trace": OWN.encode(),
        b"retry-after": b"1",
        b"content-length": b"46",
        b"cache-status": b"T; fwd=miss",
    }
    assert body["body"] == b'{"traceId":"%s"}' % OWN.encode()
    first = dict(ReadyAnswer(value).messages_for(scope(), {}, b"", None)[0]["headers"])
    assert (first[b"x-request-id"], first[b"x-trace"]) == (b"7", ID.encode())
