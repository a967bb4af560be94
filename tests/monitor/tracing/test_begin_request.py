"""A trace that begins at a client goes on through the service to the exported spans and beyond."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import uvicorn
from opentelemetry.propagate import inject
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.clock import SystemClock
from monitor.middleware.performance import PerformanceMiddleware
from monitor.networks import Networks
from monitor.testing.fakes import RecordingObserver
from monitor.tracing.provider import Tracing, build_tracing
from tests.conditions import until
from tests.monitor.tracing.receiver import OtlpReceiver
from tests.monitor.tracing.room import SERVICE

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@asynccontextmanager
async def served(tracing: Tracing) -> AsyncIterator[str]:
    """Serve an app that calls another service, on a free port; yield its address."""

    async def call(_: Request) -> Response:
        with tracing.tracer.start_as_current_span("GET other", kind=SpanKind.CLIENT):
            carrier: dict[str, str] = {}
            inject(carrier)
        return JSONResponse(carrier)

    app = PerformanceMiddleware(
        Starlette(routes=[Route("/call/{x}", call)]),
        recorder=RecordingObserver(),
        tracing=tracing.requests,
        clock=SystemClock(),
    )
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@pytest.mark.parametrize(
    ("ratio", "flags", "slow_s"),
    [(0.0, "01", 10.0), (1.0, "00", 0.0), (0.0, "00", 0.0)],
    ids=["sampled by the client", "kept late", "kept late, never sampled"],
)
async def test_a_clients_trace_goes_on(
    receiver: OtlpReceiver, ratio: float, flags: str, slow_s: float
) -> None:
    """The exported spans lie in the client's trace below its span, and so does what the service calls."""
    tracing = build_tracing(
        SERVICE,
        clock=SystemClock(),
        observer=RecordingObserver(),
        ratio=ratio,
        slow_s=slow_s,
        endpoint=receiver.endpoint,
        baggage_keys=frozenset({"campaign"}),
        trusted=Networks(["127.0.0.1"]),
    )
    headers = {
        "traceparent": f"00-{TRACE}-{PARENT}-{flags}",
        "tracestate": "vendor=opaque",
        "baggage": "campaign=spring,patient=ann",
    }
    async with served(tracing) as address, aiohttp.ClientSession() as client:
        answer = await client.get(f"{address}/call/7", headers=headers)
        carried = await answer.json()
    await tracing.aclose()

    server, called = sorted(receiver.spans, key=lambda span: span.start_time_unix_nano)
    assert (server.name, called.name) == ("GET /call/{x}", "GET other")
    assert {span.trace_id.hex() for span in (server, called)} == {TRACE}
    kept_late = "" if flags == "01" else "ot=th:0,"
    assert {span.trace_state for span in (server, called)} == {f"{kept_late}vendor=opaque"}
    assert (server.parent_span_id.hex(), called.parent_span_id) == (PARENT, server.span_id)
    assert carried == {
        "traceparent": f"00-{TRACE}-{called.span_id.hex()}-{flags}",
        "tracestate": "vendor=opaque",
        "baggage": "campaign=spring",
    }
