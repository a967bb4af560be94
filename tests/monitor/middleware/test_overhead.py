"""The telemetry of a request stays cheap beside the request itself; `benchmarks.overhead` has the figures."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Coroutine

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.clock import SystemClock
from monitor.metrics.measurements import Measurements
from monitor.middleware.performance import PerformanceMiddleware
from monitor.middleware.tenant import TenantMiddleware
from monitor.tracing.provider import build_tracing
from tests.monitor.middleware.probe import Client
from tests.monitor.middleware.test_tenant import Tokens
from tests.monitor.tracing.room import SERVICE

Serve = Callable[[], Coroutine[None, None, None]]


async def show(_: Request) -> Response:
    return PlainTextResponse("shown")


def serving(*middleware: Middleware) -> Serve:
    """Return what serves one request to the last of 21 routes."""
    routes = [Route(f"/r{number}/{{x}}", show) for number in range(21)]
    app = Starlette(routes=routes, middleware=middleware)

    async def serve() -> None:
        client = Client("/r20/7", headers=[(b"authorization", b"Bearer 1")])
        await app(client.scope(), client.receive, client.send)

    return serve


async def cost(serve: Serve) -> float:
    """Return the CPU time of one request, in seconds."""
    gc.collect()
    began = time.thread_time()
    for _ in range(100):
        await serve()
    return (time.thread_time() - began) / 100


async def test_metrics_tenant_and_an_unsampled_trace_cost_less_than_the_request() -> None:
    """Added to a bare Starlette app they take less CPU time than that app does (measured: about half)."""
    clock = SystemClock()
    measured = Measurements(CollectorRegistry(), clock, domains=("contacts",))
    tracing = build_tracing(SERVICE, clock=clock, observer=measured.traces, ratio=0.0, slow_s=60.0)
    bare = serving()
    full = serving(
        Middleware(PerformanceMiddleware, recorder=measured.http, tracing=tracing.requests, clock=clock),
        Middleware(TenantMiddleware, resolver=Tokens()),
    )
    # The rounds take turns and the best of each counts, so that the machine's load weighs on both alike.
    rounds = [(await cost(bare), await cost(full)) for _ in range(20)]
    measured.close()

    assert min(seconds for _, seconds in rounds) < 2 * min(seconds for seconds, _ in rounds)
