"""Wakes by push between processes: publish, and wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from monitor.errors import StoreUnavailable
from monitor.redis.connection_faults import translated
from monitor.redis.multiplexer import Dial, Multiplexer, Wire


class RedisPubSub:
    """Redis' publish and subscribe, on a second connection that is opened when somebody listens.

    Args:
        dial: Opens a connection.
        link: The store's own, for publishing.
        timeout_s: Longest a subscription may take.
    """

    def __init__(self, dial: Dial, link: Multiplexer, timeout_s: float) -> None:
        self._dial = dial
        self._link = link
        self._timeout_s = timeout_s
        self._wire: Wire | None = None
        self._opening = asyncio.Lock()
        self._listeners: dict[str, set[asyncio.Event]] = {}
        self._subscribed: dict[str, asyncio.Event] = {}

    async def publish(self, channel: str) -> None:
        await self._link.call("publish", (("PUBLISH", channel, b""),))

    @asynccontextmanager
    async def listening(self, channel: str) -> AsyncIterator[asyncio.Event]:
        woken = asyncio.Event()
        listeners = self._listeners.setdefault(channel, set())
        listeners.add(woken)
        try:
            await self._subscribe(channel)
            yield woken
        finally:
            listeners.discard(woken)
            if not listeners and self._listeners.pop(channel, None) is not None:
                self._unsubscribe(channel)

    async def aclose(self) -> None:
        self._leave()

    async def _subscribe(self, channel: str) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                wire = await self._connected()
                confirmed = self._subscribed.get(channel)
                if confirmed is None:
                    confirmed = self._subscribed[channel] = asyncio.Event()
                    wire.send((("SUBSCRIBE", channel),))
                await confirmed.wait()
        except TimeoutError:
            raise StoreUnavailable("subscribe", "timeout") from None

    def _unsubscribe(self, channel: str) -> None:
        if self._subscribed.pop(channel, None) is not None and self._wire is not None:
            try:
                self._wire.send((("UNSUBSCRIBE", channel),))
            except StoreUnavailable:
                self._leave()

    async def _connected(self) -> Wire:
        async with self._opening:
            if self._wire is None:
                with translated():
                    self._wire = await self._dial()
                self._wire.listen(self._told, lambda _reason: self._leave())
            return self._wire

    def _told(self, message: Any) -> None:
        try:
            kind, channel, _ = message
        except (TypeError, ValueError):  # a refusal, or no message at all
            self._leave()
            return
        if kind == b"message":
            self._wake(channel.decode())
        elif kind == b"subscribe" and channel.decode() in self._subscribed:
            self._subscribed[channel.decode()].set()

    def _wake(self, channel: str) -> None:
        for woken in self._listeners.get(channel, ()):
            woken.set()

    def _leave(self) -> None:
        # Whoever listens looks for itself: a wake may have been lost with the connection.
        wire, self._wire = self._wire, None
        self._subscribed.clear()
        for channel in self._listeners:
            self._wake(channel)
        if wire is not None:
            wire.close()
