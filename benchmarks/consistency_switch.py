"""The addresses under which workers find Redis: one each, cut, mended and pointed elsewhere at will."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import uvloop


class Switch:
    """Forwards bytes and understands none, so what Redis says of itself arrives unchanged."""

    def __init__(self, port, workers):
        self._port = port
        self._cut = set()
        self._open = {worker: set() for worker in range(workers)}

    async def run(self, pipe):
        orders = asyncio.Queue()
        asyncio.get_running_loop().add_reader(pipe.fileno(), lambda: orders.put_nowait(pipe.recv()))
        ports = []
        for worker in self._open:
            server = await asyncio.start_server(
                lambda reader, writer, worker=worker: self._join(worker, reader, writer), "127.0.0.1", 0
            )
            ports.append(server.sockets[0].getsockname()[1])
        pipe.send(ports)
        while (order := await orders.get()) != "stop":
            getattr(self, order[0])(*order[1:])
            pipe.send(None)

    def cut(self, worker):
        self._cut.add(worker)
        self._close(worker)

    def mend(self, worker):
        self._cut.discard(worker)

    def point(self, port):
        """Send everyone to another server; those connected to the old one are cut off from it."""
        self._port = port
        for worker in self._open:
            self._close(worker)

    def _close(self, worker):
        for writer in self._open[worker]:
            writer.transport.abort()

    async def _join(self, worker, reader, writer):
        if worker in self._cut:
            writer.transport.abort()
            return
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
            both = {writer, far_writer}
            self._open[worker] |= both
            await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))
            self._open[worker] -= both

    async def _copy(self, reader, writer):
        with suppress(OSError, RuntimeError):  # cut in the middle of it
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()


def main(port, workers, pipe):
    uvloop.run(Switch(port, workers).run(pipe))
