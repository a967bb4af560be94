"""Server-sent events (HTML Living Standard, 9.2): one view of the service, again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from monitor.clock import Clock
from monitor.middleware.request import record_of

_OK: Final = 200
_RETRY_MS: Final = 250

Events = AsyncGenerator[bytes, None]


def event(html: bytes) -> bytes:
    """Write one event; every line of the text stands on a line of its own."""
    lines = b"\n".join(b"data: " + line for line in html.splitlines())
    return lines + b"\n\n"


class EventStream(Response):
    """An answer that goes on until the viewer leaves or its time is up.

    A viewer that has left is noticed at once, not at the next event; one whose time is up
    comes back by itself and is asked for its session again.

    Args:
        events: Makes the events.
        clock: Where the time is taken from.
        longest_s: How long the stream may last.
    """

    media_type = "text/event-stream"

    def __init__(self, events: Callable[[], Events], clock: Clock, longest_s: float) -> None:
        self.status_code = _OK
        self.background: None = None
        self.init_headers({"X-Accel-Buffering": "no"})
        self._events = events
        self._clock = clock
        self._longest_s = longest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # An open stream is no slow request: it is measured up to its first part.
        record_of(scope).lasting = True
        await send({"type": "http.response.start", "status": _OK, "headers": self.raw_headers})
        gone = asyncio.ensure_future(_left(receive))
        ends = (gone, asyncio.ensure_future(self._send_all(send)), asyncio.ensure_future(self._time_up()))
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            left = gone.done()
            for each in ends:
                each.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
        if not left:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_all(self, send: Send) -> None:
        await send(_body(b"retry: %d\n\n" % _RETRY_MS))
        async with aclosing(self._events()) as events:
            async for each in events:
                await send(_body(each))

    async def _time_up(self) -> None:
        await self._clock.sleep(self._longest_s)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _body(content: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": content, "more_body": True}
