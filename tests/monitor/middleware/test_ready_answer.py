"""A stored answer is sent as it was stored, to GET and to HEAD, and not at all to who has it."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.cache.cache_observer import CacheResult
from monitor.cache.lookup import Lookup
from monitor.middleware.ready_answer import ReadyAnswer, cache_status
from monitor.middleware.stored_answer import StoredAnswer, pack

VALUE = pack(StoredAnswer(200, b'"tag"', [(b"content-type", b"text/plain")], b"body"))


def scope(method: str = "GET", *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"method": method, "headers": list(headers)}


def test_two_messages_answer_a_get() -> None:
    """Content headers, tag, length and the cache's word go out with the body."""
    start, body = ReadyAnswer(VALUE).messages(scope(), b"TaskMed; hit; ttl=3")

    assert start["status"] == 200
    assert dict(start["headers"]) == {
        b"content-type": b"text/plain",
        b"etag": b'"tag"',
        b"cache-control": b"private, no-cache",
        b"vary": b"authorization",
        b"cache-status": b"TaskMed; hit; ttl=3",
        b"content-length": b"4",
    }
    assert body["body"] == b"body"


def test_a_head_has_the_length_and_no_body() -> None:
    """HEAD tells what GET would send."""
    start, body = ReadyAnswer(VALUE).messages(scope("HEAD"), b"")

    assert dict(start["headers"])[b"content-length"] == b"4"
    assert body["body"] == b""


@pytest.mark.parametrize("known", [b'"tag"', b'W/"tag"', b'"old", "tag"', b"*"])
def test_who_has_it_is_told_so(known: bytes) -> None:
    """A known tag is answered by 304, without length and body."""
    start, body = ReadyAnswer(VALUE).messages(scope("GET", (b"if-none-match", known)), b"")

    assert start["status"] == 304
    assert b"content-length" not in dict(start["headers"])
    assert body["body"] == b""


def test_what_a_middleware_adds_stays_with_its_request() -> None:
    """Headers added to one answer are not on the next."""
    ready = ReadyAnswer(VALUE)
    ready.messages(scope(), b"")[0]["headers"].append((b"x-request", b"1"))

    assert b"x-request" not in dict(ready.messages(scope(), b"")[0]["headers"])


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
