"""Streams of events: well-formed, ended in time, and closed when the viewer leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from starlette.types import Message

from monitor.console.event_stream import EventStream, event
from monitor.middleware.request import open_record
from monitor.testing.fakes import ManualClock
from tests.conditions import until


class Viewer:
    """The other side of one stream."""

    def __init__(self, clock: ManualClock) -> None:
        self.sent: list[Message] = []
        self.left = asyncio.Event()
        self.closed = False
        self.scope = {"type": "http"}
        self.record = open_record(self.scope, 0.0)
        self.stream = EventStream(self._events, clock, longest_s=30.0)
        self.task = asyncio.ensure_future(self.stream(self.scope, self._receive, self._send))

    async def _events(self) -> AsyncGenerator[bytes, None]:
        try:
            yield event(b"<p>one</p>\n<p>two</p>")
            await asyncio.Event().wait()
        finally:
            self.closed = True

    async def _receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def test_each_line_is_data() -> None:
    """A line break inside an event would end its data otherwise."""
    assert event(b"a\nb") == b"data: a\ndata: b\n\n"


async def test_it_ends_when_the_viewer_leaves() -> None:
    """At once, not at the next event; what made the events is closed."""
    viewer = Viewer(ManualClock())
    await until(lambda: b"two" in viewer.body)
    viewer.left.set()
    await viewer.task
    assert viewer.closed
    assert viewer.sent[-1]["more_body"] is True


async def test_it_ends_when_its_time_is_up() -> None:
    """The answer is complete then, and the browser comes back by itself."""
    clock = ManualClock()
    viewer = Viewer(clock)
    await until(lambda: b"two" in viewer.body)
    clock.advance(30)
    await viewer.task
    assert viewer.closed
    assert viewer.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert viewer.body.startswith(b"retry: 250\n\n")


async def test_it_is_no_slow_request() -> None:
    """The middleware is told to measure it to its first part."""
    viewer = Viewer(ManualClock())
    await until(lambda: bool(viewer.sent))
    assert viewer.record.lasting
    headers = dict(viewer.sent[0]["headers"])
    assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert b"content-length" not in headers
    viewer.left.set()
    await viewer.task
