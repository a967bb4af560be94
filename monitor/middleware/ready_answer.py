"""A stored answer made ready to be sent, once for as many requests as it serves."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.types import Message, Scope

from monitor.cache.cache_observer import CacheResult
from monitor.cache.lookup import Lookup
from monitor.middleware.byte_range import ByteRange, asked_range
from monitor.middleware.cache_control import http_date, values
from monitor.middleware.entity_tags import matches_strongly, matches_weakly
from monitor.middleware.request_ids import is_of_one_request
from monitor.middleware.stored_answer import Headers, Varies, head_of

_OK, _PARTIAL, _NOT_MODIFIED = 200, 206, 304
_PRECONDITION_FAILED, _UNSATISFIABLE = 412, 416
_BODYLESS = (204, 304)
_CONDITIONS = frozenset(
    {b"if-match", b"if-unmodified-since", b"if-none-match", b"if-modified-since", b"range"}
)
# What a 304 says (RFC 9110, 15.4.5): nothing of the content that is not sent.
_OF_THE_BODY = frozenset(
    {b"content-length", b"content-type", b"content-encoding", b"content-language", b"content-disposition"}
)
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*\Z")
_NO_BODY: Message = {"type": "http.response.body", "body": b""}
_NO_HEADERS: Headers = []


class ReadyAnswer:
    """What every sending of one stored answer shares.

    Attributes:
        value: The answer as `stored_answer.pack` made it.
        varies: The request headers it was chosen by, with their values.
        error_type: What failed, where it tells of a failure; else empty.
    """

    __slots__ = (
        "_age_s",
        "_body_at",
        "_etag",
        "_headers",
        "_made_for",
        "_status",
        "error_type",
        "value",
        "varies",
    )

    def __init__(self, value: bytes) -> None:
        self.value: bytes = value
        head = head_of(value)
        self._status, self._etag, self._headers = head.status, head.etag, head.headers
        self._age_s, self._body_at, made_for = head.age_s, head.body_at, head.made_for
        self.varies: Varies = head.varies
        self.error_type: str = head.error_type
        self._made_for = None if made_for is None else made_for.encode()
        has_length = self._status in _BODYLESS or values(self._headers, b"content-length")
        if made_for is not None and not has_length:
            self._headers.append((b"content-length", b"%d" % (len(value) - self._body_at)))

    @property
    def is_for_one(self) -> bool:
        """Whether it was not stored: it may name the request that it was made for."""
        return self._made_for is not None

    def messages(
        self,
        scope: Scope,
        asked: Mapping[bytes, bytes],
        cache_status: bytes,
        age_s: float | None = None,
        own: Headers = _NO_HEADERS,
    ) -> tuple[Message, Message]:
        """Return the two ASGI messages that answer the GET or HEAD request in `scope`.

        Args:
            scope: The request.
            asked: Its headers by name, the last line of each.
            cache_status: What the cache did.
            age_s: How long it was stored, in seconds; None: it was not.
            own: Headers that are this request's alone.
        """
        # A list of its own for each request: middlewares outside may add to it.
        headers = [*self._headers, (b"cache-status", cache_status), *own]
        if age_s is not None or self._age_s:
            headers.append((b"age", b"%d" % (self._age_s + max(age_s or 0.0, 0.0))))
        if self._status == _OK and not asked.keys().isdisjoint(_CONDITIONS):
            answer = self._conditional(scope, headers)
            if answer is not None:
                return answer
        start = {"type": "http.response.start", "status": self._status, "headers": headers}
        if scope["method"] == "HEAD":
            return start, _NO_BODY
        return start, {"type": "http.response.body", "body": self.value[self._body_at :]}

    def messages_for(
        self, scope: Scope, asked: Mapping[bytes, bytes], cache_status: bytes, others: str | None
    ) -> tuple[Message, Message]:
        """Return the messages of an answer that is not stored.

        Args:
            scope: The request.
            asked: Its headers by name.
            cache_status: What the cache did.
            others: Where the answer was made for another request, this one's trace id, which takes
                the place of that one's; else None.
        """
        start, body = self.messages(scope, asked, cache_status)
        if others is None:
            return start, body
        headers = [pair for pair in start["headers"] if not is_of_one_request(pair, b"")]
        theirs, own = self._made_for, others.encode()
        if theirs and len(theirs) == len(own):
            headers = [(name, value.replace(theirs, own)) for name, value in headers]
            body = {**body, "body": body["body"].replace(theirs, own)}
        return {**start, "headers": headers}, body

    def _conditional(self, scope: Scope, headers: Headers) -> tuple[Message, Message] | None:
        """Weigh the preconditions in their order (RFC 9110, 13.2.2); None: send the whole."""
        asked: Headers = scope["headers"]
        if self._has_changed(asked):
            return _bodyless(_PRECONDITION_FAILED, headers)
        if self._is_known(asked):
            return _bodyless(_NOT_MODIFIED, headers)
        ranges = values(asked, b"range")
        if scope["method"] != "GET" or len(ranges) != 1 or not self._may_be_continued(asked):
            return None
        length = len(self.value) - self._body_at
        part = asked_range(ranges[0], length)
        return None if part is None else self._part(headers, part, length)

    def _has_changed(self, asked: Headers) -> bool:
        match = values(asked, b"if-match")
        if match:
            return not matches_strongly(b",".join(match), self._etag)
        before, modified = _date(asked, b"if-unmodified-since"), _date(self._headers, b"last-modified")
        return before is not None and modified is not None and modified > before

    def _is_known(self, asked: Headers) -> bool:
        match = values(asked, b"if-none-match")
        if match:
            return matches_weakly(b",".join(match), self._etag)
        since, modified = _date(asked, b"if-modified-since"), _date(self._headers, b"last-modified")
        return since is not None and modified is not None and modified <= since

    def _may_be_continued(self, asked: Headers) -> bool:
        condition = values(asked, b"if-range")
        if not condition:
            return True
        if condition[0].lstrip().startswith((b'"', b"W/")):
            return matches_strongly(condition[0], self._etag)
        return condition[0] in values(self._headers, b"last-modified")

    def _part(self, headers: Headers, part: ByteRange, length: int) -> tuple[Message, Message]:
        kept = [pair for pair in headers if pair[0] not in (b"content-length", b"content-range")]
        if not part.satisfiable:
            kept.append((b"content-range", b"bytes */%d" % length))
            return _bodyless(_UNSATISFIABLE, kept)
        at = self._body_at
        body = self.value[at + part.first : at + part.end]
        kept.append((b"content-range", b"bytes %d-%d/%d" % (part.first, part.end - 1, length)))
        kept.append((b"content-length", b"%d" % len(body)))
        start = {"type": "http.response.start", "status": _PARTIAL, "headers": kept}
        return start, {"type": "http.response.body", "body": body}


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


def structured(name: str) -> bytes:
    """Write a name as a token or a string of a structured field (RFC 9651, 3.3)."""
    if _TOKEN.match(name):
        return name.encode()
    plain = name.encode("ascii", "replace").decode()
    text = "".join(one if " " <= one <= "~" else "?" for one in plain)
    return b'"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').encode()


def _bodyless(status: int, headers: Headers) -> tuple[Message, Message]:
    kept = [pair for pair in headers if pair[0] not in _OF_THE_BODY]
    return {"type": "http.response.start", "status": status, "headers": kept}, _NO_BODY


def _date(headers: Headers, name: bytes) -> float | None:
    found = values(headers, name)
    return http_date(found[0]) if len(found) == 1 else None
