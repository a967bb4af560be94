"""A stored answer made ready to be sent, once for as many requests as it serves."""

from __future__ import annotations

from starlette.types import Message, Scope

from monitor.cache.cache_observer import CacheResult
from monitor.cache.lookup import Lookup
from monitor.middleware.stored_answer import head_of, matches_any

_NOT_MODIFIED = 304
# Stored for one user only, and asked for again each time: an invalidation cannot reach a browser.
_PRIVATE = ((b"cache-control", b"private, no-cache"), (b"vary", b"authorization"))
_NO_BODY: Message = {"type": "http.response.body", "body": b""}


class ReadyAnswer:
    """What every sending of one stored answer shares.

    Attributes:
        value: The answer as `stored_answer.pack` made it.
    """

    __slots__ = ("_body_at", "_etag", "_headers", "_length", "_status", "value")

    def __init__(self, value: bytes) -> None:
        self.value: bytes = value
        self._status, self._etag, headers, self._body_at = head_of(value)
        self._headers = [*headers, (b"etag", self._etag), *_PRIVATE] if self._etag else headers
        self._length = (b"content-length", b"%d" % (len(value) - self._body_at))

    def messages(self, scope: Scope, cache_status: bytes) -> tuple[Message, Message]:
        """Return the two ASGI messages that answer the GET or HEAD request in `scope`."""
        # A list of its own for each request: middlewares outside may add to it.
        headers = [*self._headers, (b"cache-status", cache_status), self._length]
        if self._etag and _unchanged(scope, self._etag):
            del headers[-1]
            return {"type": "http.response.start", "status": _NOT_MODIFIED, "headers": headers}, _NO_BODY
        start = {"type": "http.response.start", "status": self._status, "headers": headers}
        if scope["method"] == "HEAD":
            return start, _NO_BODY
        return start, {"type": "http.response.body", "body": self.value[self._body_at :]}


def cache_status(name: bytes, lookup: Lookup) -> bytes:
    """Render `Cache-Status` (RFC 9211); the key is left out, it may name a person's data."""
    if lookup.result is CacheResult.HIT:
        return hit_status(name, lookup.ttl_left_s)
    if lookup.result is CacheResult.STALE:
        return b"%s; hit; ttl=%d; detail=stale" % (name, lookup.ttl_left_s)
    reason = {CacheResult.MISS: b"miss", CacheResult.BYPASS: b"bypass"}.get(
        lookup.result, b"bypass; detail=error"
    )
    stored = b"; stored" if lookup.stored else b""
    collapsed = b"; collapsed" if lookup.collapsed else b""
    return b"%s; fwd=%s%s%s" % (name, reason, stored, collapsed)


def hit_status(name: bytes, ttl_left_s: float) -> bytes:
    """Render the `Cache-Status` of a hit."""
    return b"%s; hit; ttl=%d" % (name, ttl_left_s)


def _unchanged(scope: Scope, etag: bytes) -> bool:
    for name, value in scope["headers"]:  # noqa: SIM110 - a generator would cost a hit more than the comparisons
        if name == b"if-none-match" and matches_any(value, etag):
            return True
    return False
