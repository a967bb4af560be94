"""Takes an answer in place of the client, so that it can be stored and sent to many."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from starlette.types import Message, Scope

from monitor.cache.keys import CacheKey
from monitor.cache.lookup import Loaded
from monitor.errors import IncompleteAnswer
from monitor.failures import class_of
from monitor.middleware.cache_control import values
from monitor.middleware.request import record_of
from monitor.middleware.request_ids import is_of_one_request
from monitor.middleware.reuse import NOT_OF_A_LOAD, Reuse, reuse_of
from monitor.middleware.stored_answer import Headers, StoredAnswer, entity_tag, pack

_OK = 200
# Of one connection, never of the answer (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate",
        b"proxy-authentication-info", b"te", b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip
Deserted = Callable[[], Awaitable[None]]
"""Returns once nobody waits for the load any more."""
_PRIVATE = (b"cache-control", b"private, no-cache")


def scope_of_load(scope: Scope) -> Scope:
    """Return the request that a load is made with: whole, unconditional, in the content's own coding.

    It may outlive its first caller and answer others, so it is a GET of its own, without what the
    server offers for one connection.
    """
    headers = [pair for pair in scope["headers"] if pair[0] not in NOT_OF_A_LOAD]
    return {**scope, "method": "GET", "headers": headers, "extensions": {}}


class Capture:
    """Receives one answer of the application.

    Attributes:
        complete: Done once the last byte of the body has come.
    """

    def __init__(self, complete: asyncio.Future[None], deserted: Deserted | None) -> None:
        self.complete: asyncio.Future[None] = complete
        self._deserted = deserted
        self._asked = False
        self._told = False
        self._status = 0
        self._headers: Headers = []
        self._chunks: list[bytes] = []
        self._error_type = ""

    async def receive(self) -> Message:
        """Give an empty body; then wait until the load is over or its last caller has gone."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        if not self.complete.done():
            await self._over()
            self._told = not self.complete.done()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [(name.lower(), value) for name, value in message.get("headers", ())]
            failure = sys.exception()
            if failure is not None:
                # An exception handler answers: here, in the load's task, its exception can still be seen.
                self._error_type = class_of(failure)
        elif message["type"] == "http.response.body":
            self._chunks.append(message.get("body", b""))
            if not message.get("more_body", False) and not self.complete.done():
                self.complete.set_result(None)

    @property
    def began(self) -> bool:
        """Whether an answer has begun."""
        return self._status != 0

    def so_far(self) -> tuple[Message, Message]:
        """Return what an application had sent before it failed."""
        start = {"type": "http.response.start", "status": self._status, "headers": self._headers}
        return start, {"type": "http.response.body", "body": b"".join(self._chunks), "more_body": True}

    def loaded(self, key: CacheKey, scope: Scope, now: float, *, overridden: bool, whole: bool) -> Loaded:
        """Return the captured answer as bytes, and what may be done with it.

        Args:
            key: What was asked for.
            scope: The load's.
            now: Seconds since the epoch.
            overridden: As in `reuse_of`.
            whole: Whether the application ended well, or goes on behind its answer.

        Raises:
            IncompleteAnswer: Nobody waits, and the application was told so: it may have stopped half-way.
        """
        if self._told:
            raise IncompleteAnswer
        body = b"".join(self._chunks)
        whole = whole and self._has_its_length(body)
        trace_id = record_of(scope).trace_id
        reuse = reuse_of(self._status, self._headers, scope, now, overridden=overridden)
        personal = bool(trace_id) and trace_id.encode() in body
        if not (reuse.stored and whole) or personal:
            kept = [pair for pair in self._headers if pair[0] not in _HOP_BY_HOP]
            etag = next(iter(values(kept, b"etag")), b"")
            answer = StoredAnswer(
                self._status, etag, kept, body, made_for=trace_id, error_type=self._error_type
            )
            return Loaded(pack(answer), cacheable=False, shared=reuse.shared and whole)
        answer = self._stored(key, scope["path"], body, reuse, trace_id.encode(), overridden=overridden)
        return Loaded(
            pack(answer),
            negative=self._status != _OK,
            lifetime_s=reuse.lifetime_s,
            revalidates=reuse.revalidates,
        )

    def of_one_request(self, trace_id: str) -> Headers:
        """Return the headers that only who asked for the load is given."""
        return [pair for pair in self._headers if is_of_one_request(pair, trace_id.encode())]

    def _stored(
        self, key: CacheKey, path: str, body: bytes, reuse: Reuse, trace_id: bytes, *, overridden: bool
    ) -> StoredAnswer:
        named = frozenset(
            name.strip().lower()
            for value in values(self._headers, b"connection")
            for name in value.split(b",")
        )
        dropped = _HOP_BY_HOP | named | {b"content-length", b"age", b"vary"}
        headers = [
            pair for pair in self._headers if pair[0] not in dropped and not is_of_one_request(pair, trace_id)
        ]
        etag = b""
        if self._status == _OK:
            headers, etag = self._for_clients(headers, key, path, body, overridden=overridden)
        elif values(self._headers, b"vary"):
            headers.append((b"vary", b", ".join(values(self._headers, b"vary"))))
        headers.append((b"content-length", b"%d" % len(body)))
        return StoredAnswer(self._status, etag, headers, body, reuse.age_s, reuse.varies)

    def _for_clients(
        self, headers: Headers, key: CacheKey, path: str, body: bytes, *, overridden: bool
    ) -> tuple[Headers, bytes]:
        if overridden:
            headers = [pair for pair in headers if pair[0] not in (b"cache-control", b"expires")]
        tags = values(headers, b"etag")
        etag = tags[0] if tags else entity_tag(key.tenant, path, body)
        if not tags:
            headers.append((b"etag", etag))
        if not values(headers, b"cache-control") and not values(headers, b"expires"):
            # Kept for one user only, and asked for again each time: an invalidation cannot reach a browser.
            headers.append(_PRIVATE)
        vary = values(self._headers, b"vary")
        if b"authorization" not in b",".join(vary).lower():
            vary.append(b"authorization")
        headers.append((b"vary", b", ".join(vary)))
        return headers, etag

    def _has_its_length(self, body: bytes) -> bool:
        said = values(self._headers, b"content-length")
        return not said or said[0].strip() == b"%d" % len(body)

    async def _over(self) -> None:
        if self._deserted is None:
            await asyncio.wait((self.complete,))
            return
        deserted = asyncio.ensure_future(self._deserted())
        try:
            await asyncio.wait((self.complete, deserted), return_when=asyncio.FIRST_COMPLETED)
        finally:
            deserted.cancel()
