"""An adopted service whose handlers raise with a planted mark in the message, in every way there is."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from monitor import Adoption, Identity, MonitorSettings, TenantId, build_monitor

MARK = "Ann-Smith-7f3a"
_kept: list[object] = []


class Tokens:
    """Lets everybody in."""

    def resolve(self, authorization: bytes) -> Identity:  # noqa: ARG002 - the protocol's
        return Identity(TenantId(1), user="u-1", role="staff")


class Dying:
    """Raises when it is collected."""

    def __del__(self) -> None:
        raise LookupError(MARK)


async def raising(_: Request) -> Response:
    raise ValueError(MARK)


def in_a_thread(_: Request) -> Response:
    raise ValueError(MARK)


async def grouped(_: Request) -> Response:
    try:
        raise KeyError(MARK)  # noqa: TRY301 - what is tested
    except KeyError as inner:
        raise ExceptionGroup(MARK, [ValueError(MARK), TypeError(MARK)]) from inner


async def background(_: Request) -> Response:
    async def late() -> None:
        raise ValueError(MARK)

    return PlainTextResponse("ok", background=BackgroundTask(late))


async def stream(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        raise ValueError(MARK)

    return StreamingResponse(parts())


async def closing(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"first"
            yield b"second"
        finally:
            raise ValueError(MARK)

    return StreamingResponse(parts())


async def task(_: Request) -> Response:
    async def lost() -> None:
        raise ValueError(MARK)

    one = asyncio.ensure_future(lost())
    await asyncio.wait([one])
    return PlainTextResponse("ok")


async def callback(_: Request) -> Response:
    def fail(_text: str) -> None:
        raise ValueError(MARK)

    asyncio.get_running_loop().call_soon(fail, MARK)
    return PlainTextResponse("ok")


async def thread(_: Request) -> Response:
    def fail() -> None:
        raise ValueError(MARK)

    one = threading.Thread(target=fail)
    one.start()
    one.join()
    return PlainTextResponse("ok")


async def finaliser(_: Request) -> Response:
    Dying()
    return PlainTextResponse("ok")


async def words(_: Request) -> Response:
    print(MARK)  # noqa: T201 - what is tested
    print(MARK, file=sys.stderr)  # noqa: T201 - the same
    sys.stdout.buffer.write(MARK.encode() + b"\n")
    warnings.warn(MARK, stacklevel=1)
    library = logging.getLogger("some.library")
    library.error("could not write %s", MARK)
    library.error(f"could not write {MARK}")
    library.error(ValueError(MARK))
    apart = logging.getLogger("apart")
    apart.propagate = False
    apart.error(f"could not read {MARK}")
    return PlainTextResponse("ok")


async def upload(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    raise ValueError(MARK)


monitor = build_monitor(MonitorSettings(service="vet", sampling_ratio=0.5), Adoption(resolver=Tokens()))


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Fail at the end, as a service may whose connections break."""
    async with monitor.lifespan(app):
        yield
    if "QUIET" not in os.environ:
        raise ValueError(MARK)


PATHS = (raising, in_a_thread, grouped, background, stream, closing, task, callback, thread, finaliser, words)
app = Starlette(
    routes=[
        *(Route(f"/{one.__name__}", one) for one in PATHS),
        Route("/upload", upload, methods=["GET", "POST"]),
        WebSocketRoute("/socket", socket),
        *monitor.routes(),
    ],
    middleware=monitor.middleware(),
    lifespan=lifespan,
)
