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
        good = self._status == _FOUND
        if not self._may_be_stored():
            headers = [pair for pair in self._headers if pair[0] != b"content-length"]
            return Loaded(pack(StoredAnswer(self._status, b"", headers, body)), cacheable=False)
        own = dict(self._headers).get(b"etag")
        etag = (own or entity_tag(key.tenant, path, body)) if good else b""
        answer = StoredAnswer(self._status, etag, content_headers(self._headers), body)
        return Loaded(pack(answer), negative=not good)

    def _may_be_stored(self) -> bool:
        sent = dict(self._headers)
        if b"set-cookie" in sent or b"no-store" in sent.get(b"cache-control", b""):
            return False
        if self._status == _ABSENT:
            # An absence that says more, such as when to come back, must be passed on whole.
            return set(sent) <= {b"content-type", b"content-length"}
        return self._status == _FOUND
