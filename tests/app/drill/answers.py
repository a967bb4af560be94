"""A server that gives the answers it was told to, for what a drill asks of others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answer = Any | Callable[[web.Request], Any]


@asynccontextmanager
async def answering(answers: Mapping[str, Answer]) -> AsyncIterator[str]:
    """Serve text or JSON by path: a value, or what a function makes of the request; others are 404."""

    async def handle(request: web.Request) -> web.StreamResponse:
        answer = answers.get(request.path)
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, web.StreamResponse):
            return answer
        if isinstance(answer, str):
            return web.Response(text=answer)
        return web.json_response(answer) if answer is not None else web.Response(status=404, text="none")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
