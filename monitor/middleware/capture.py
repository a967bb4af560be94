"""Takes an answer in place of the client, so that it can be stored and sent to many."""

from __future__ import annotations

import asyncio

from starlette.types import Message

from monitor.cache.keys import CacheKey
from monitor.cache.lookup import Loaded
from monitor.middleware.stored_answer import Headers, StoredAnswer, content_headers, entity_tag, pack

_FOUND, _ABSENT = 200, 404


class Capture:
    """Receives one answer of the application.

    Attributes:
        complete: Done once the last byte of the body has come.
    """

    def __init__(self, complete: asyncio.Future[None]) -> None:
        self.complete = complete
        self._status = 0
        self._headers: Headers = []
        self._chunks: list[bytes] = []

    async def receive(self) -> Message:
        """Give an empty body at once; the client of a shared load never disconnects."""
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [(name.lower(), value) for name, value in message.get("headers", ())]
        elif message["type"] == "http.response.body":
            self._chunks.append(message.get("body", b""))
            if not message.get("more_body", False) and not self.complete.done():
                self.complete.set_result(None)

    def loaded(self, key: CacheKey, path: str) -> Loaded:
        """Return the captured answer as bytes, and whether it may be stored."""
        body = b"".join(self._chunks)
        sent = dict(self._headers)
        good, absent = self._status == _FOUND, self._status == _ABSENT
        etag = sent.get(b"etag", b"") or (entity_tag(key.tenant, path, body) if good else b"")
        private = b"set-cookie" in sent or b"no-store" in sent.get(b"cache-control", b"")
        kept = self._headers if not (good or absent) else content_headers(self._headers)
        kept = [pair for pair in kept if pair[0] not in (b"content-length", b"etag")]
        answer = StoredAnswer(self._status, etag if good else b"", kept, body)
        return Loaded(pack(answer), cacheable=(good or absent) and not private, negative=absent)
