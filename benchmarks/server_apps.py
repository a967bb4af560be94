"""The apps that `benchmarks.server` serves beside TaskMed, each on granian with one worker.

All give the same body. REDIS_URL and BODY_FILE come from the benchmark's environment.
"""

# ruff: noqa: PLC0415 - each app runs in a process of its own and imports only what it is made of
from __future__ import annotations

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

KEY = "body"


def _app(handler, middleware=()):
    return Starlette(routes=[Route("/api/contacts", handler)], middleware=list(middleware))


def bare():
    """(a) A handler that returns fixed bytes."""
    body = Path(os.environ["BODY_FILE"]).read_bytes()

    async def handler(_request):
        return Response(body, media_type="application/json")

    return _app(handler)


def _reading():
    from redis.asyncio import Redis

    client = Redis.from_url(os.environ["REDIS_URL"], max_connections=200)

    async def handler(_request):
        return Response(await client.get(KEY), media_type="application/json")

    return handler


def redis_get():
    """(b) A handler that does one redis-py GET, not instrumented."""
    return _app(_reading())


def stock():
    """(c) The same with OpenTelemetry's and Prometheus' stock instrumentations, at their defaults."""
    from opentelemetry import trace
    from opentelemetry.instrumentation.redis import RedisInstrumentor
    from opentelemetry.instrumentation.starlette import StarletteInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from starlette.middleware import Middleware
    from starlette_exporter import PrometheusMiddleware

    from benchmarks.overhead_stacks import Discard

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Discard()))
    trace.set_tracer_provider(provider)
    RedisInstrumentor().instrument()
    app = _app(_reading(), [Middleware(PrometheusMiddleware, app_name="stock", group_paths=True)])
    StarletteInstrumentor().instrument_app(app)
    return app
