"""Connections that stay open, as those of browsers and proxies do, and are asked in turn."""

from __future__ import annotations

import asyncio
import time

AT_ONCE = 200
HOST = "127.0.0.1"
PATH = "/api/settings"


class OpenConnections:
    """Opens `count` connections to the service on a loopback port, for as long as the block lasts."""

    def __init__(self, port, token, count):
        self._port = port
        self._count = count
        head = (f"GET {PATH} HTTP/1.1", f"Host: {HOST}:{port}", f"Authorization: Bearer {token}", "", "")
        self._request = "\r\n".join(head).encode()
        self._lines = []

    async def __aenter__(self):
        for start in range(0, self._count, AT_ONCE):
            some = range(start, min(start + AT_ONCE, self._count))
            self._lines += await asyncio.gather(*(asyncio.open_connection(HOST, self._port) for _ in some))
        return self

    async def __aexit__(self, *_):
        for _, writer in self._lines:
            writer.close()

    @property
    def alive(self):
        """How many are open still."""
        return sum(not reader.at_eof() for reader, _ in self._lines)

    async def ask(self, rate, seconds):
        """Ask them in turn, `rate` times a second; return each answer's seconds, and how many failed."""
        asking, began = [], time.perf_counter()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            asking.append(asyncio.ensure_future(self._asked(*self._lines[number % self._count])))
        told = await asyncio.gather(*asking, return_exceptions=True)
        spent = [one for one in told if isinstance(one, float)]
        return spent, len(told) - len(spent)

    async def _asked(self, reader, writer):
        began = time.perf_counter()
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head)
        return time.perf_counter() - began
