"""The stacks that `benchmarks.overhead` compares: one Starlette app, instrumented in different ways."""

# ruff: noqa: PLC0415 - each stack runs in a process of its own and imports only what it is made of
from __future__ import annotations

import redis.asyncio
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

ROUTES = 21
PATH = f"/api/r{ROUTES - 1}/7"
CLINIC = 7


class Discard(SpanExporter):
    """Encodes as the OTLP exporter does, and sends nothing."""

    def export(self, spans):
        encode_spans(spans).SerializePartialToString()
        return SpanExportResult.SUCCESS

    def shutdown(self):
        pass

    def force_flush(self, *_):
        return True


class DiscardBytes:
    """Takes what the kit encoded, and sends nothing."""

    def send(self, request):
        from monitor.tracing.delivery import Delivery

        return Delivery(accepted=bool(request))

    def close(self):
        pass


class Stack:
    """One app and how to call it.

    Attributes:
        call: Serves one request.
        flush: Waits until everything that was measured is exported.
        close: Undoes what building it did to the process.
    """

    def __init__(self, app, headers=(), flush=lambda: None, close=lambda: None):
        self.flush, self.close = flush, close
        self._app = app
        self._headers = [
            (b"host", b"localhost"),
            (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
            (b"accept", b"application/json"),
            (b"accept-encoding", b"gzip, deflate"),
            (b"x-clinic", b"%d" % CLINIC),
            *headers,
        ]
        self._status = None

    async def call(self):
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": PATH,
            "raw_path": PATH.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": self._headers,
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8_000),
            "state": {},
        }
        await self._app(scope, receive, self.send)
        if self._status != 200:
            raise RuntimeError(self._status)

    async def send(self, message):
        if message["type"] == "http.response.start":
            self._status = message["status"]


async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}


async def plain(_):
    return PlainTextResponse("ok")


def app(handler, middleware=()):
    routes = [Route(f"/api/r{number}/{{item_id}}", handler, methods=["GET"]) for number in range(ROUTES)]
    return Starlette(routes=routes, middleware=list(middleware))


class InstantConnection:
    """A redis-py connection whose server answers at once."""

    host, port, db = "localhost", 6379, 0
    retry = Retry(NoBackoff(), 0)

    async def send_command(self, *_, **__):
        pass

    async def read_response(self, *_, **__):
        return b"x" * 200

    async def disconnect(self, *_, **__):
        pass


class InstantPool(redis.asyncio.ConnectionPool):
    async def get_connection(self, *_, **__):
        return CONNECTION

    async def release(self, _):
        pass


CONNECTION = InstantConnection()


class Dependencies:
    """A cache and a database that cost what their clients cost."""

    def __init__(self):
        self.redis = redis.asyncio.Redis(connection_pool=InstantPool())
        self.engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        self.statement = text("SELECT 1")

    async def get(self):
        return await self.redis.get("clinic_7:contacts:list:page_1")

    def select(self):
        with self.engine.connect() as connection:
            return connection.execute(self.statement).scalar()


def working(dependencies):
    """A handler that asks the cache and the database, without spans of its own."""

    async def handler(_):
        await dependencies.get()
        dependencies.select()
        return PlainTextResponse("ok")

    return handler


def spanned(dependencies, tracer):
    """The same, in the kit's spans."""

    async def handler(_):
        with tracer.start_as_current_span("cache get contacts") as span:
            span.set_attribute("cache.domain", "contacts")
            await dependencies.get()
            span.set_attribute("cache.result", "miss")
            with tracer.start_as_current_span(
                "SELECT contacts",
                attributes={
                    "db.system.name": "sqlite",
                    "db.operation.name": "SELECT",
                    "db.collection.name": "contacts",
                    "db.query.summary": "SELECT contacts",
                },
            ):
                dependencies.select()
        return PlainTextResponse("ok")

    return handler


def ours(ratio, slow_s, *, spans):
    from app.auth import Role, TokenIssuer, TokenResolver
    from app.variables import Key
    from monitor.clock import SystemClock
    from monitor.metrics.measurements import Measurements
    from monitor.middleware.performance import PerformanceMiddleware
    from monitor.middleware.sign_in import SignIn
    from monitor.middleware.tenant import TenantMiddleware
    from monitor.tracing.provider import Service, build_tracing

    clock = SystemClock()
    measured = Measurements(CollectorRegistry(), clock, domains=("contacts",))
    tracing = build_tracing(
        Service("bench", "1", "test"),
        clock=clock,
        observer=measured.traces,
        ratio=ratio,
        slow_s=slow_s,
        sender=DiscardBytes(),
    )
    keys = [Key("k1", b"0" * 32)]
    token = TokenIssuer(keys, clock).mint(role=Role.STAFF, user="u1", clinic=CLINIC)
    chain = [
        Middleware(PerformanceMiddleware, recorder=measured.http, tracing=tracing.requests, clock=clock),
        Middleware(TenantMiddleware, sign_in=SignIn(TokenResolver(keys, clock))),
    ]
    handler = spanned(Dependencies(), tracing.tracer) if spans else plain
    headers = [(b"authorization", b"Bearer " + token.encode())]
    return Stack(app(handler, chain), headers, tracing.flush, measured.close)


def starlette_exporter():
    from starlette_exporter import PrometheusMiddleware
    from starlette_exporter.labels import from_header

    middleware = Middleware(
        PrometheusMiddleware,
        app_name="bench",
        labels={"tenant": from_header("x-clinic")},
        group_paths=True,
    )
    return Stack(app(plain, [middleware]))


def instrumentator():
    from prometheus_fastapi_instrumentator import Instrumentator

    served = app(plain)
    Instrumentator(registry=CollectorRegistry()).instrument(served)
    return Stack(served)


def opentelemetry(ratio, *, spans):
    """OpenTelemetry as its documentation says: the instrumentors, their defaults, metrics included."""
    from opentelemetry.instrumentation.redis import RedisInstrumentor
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
    from opentelemetry.instrumentation.starlette import StarletteInstrumentor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(ratio)))
    provider.add_span_processor(BatchSpanProcessor(Discard(), max_queue_size=100_000))
    meters = MeterProvider([InMemoryMetricReader()])
    dependencies = Dependencies()
    served = app(working(dependencies) if spans else plain)
    StarletteInstrumentor.instrument_app(served, tracer_provider=provider, meter_provider=meters)
    if spans:
        RedisInstrumentor.instrument_client(dependencies.redis, tracer_provider=provider)
        SQLAlchemyInstrumentor().instrument(
            engine=dependencies.engine,
            tracer_provider=provider,
            meter_provider=meters,
            skip_dep_check=True,  # it has not caught up with SQLAlchemy's last release, and works
        )

    def close():
        if spans:
            SQLAlchemyInstrumentor().uninstrument()
        provider.shutdown()
        meters.shutdown()

    return Stack(served, flush=provider.force_flush, close=close)


def opentelemetry_lean(ratio, *, spans):
    """The same without receive and send spans and without metrics: the least it can be asked for."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.metrics import NoOpMeterProvider
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(ratio)))
    provider.add_span_processor(BatchSpanProcessor(Discard(), max_queue_size=100_000))
    dependencies = Dependencies()
    handler = spanned(dependencies, provider.get_tracer("bench")) if spans else plain
    middleware = Middleware(
        OpenTelemetryMiddleware,
        tracer_provider=provider,
        meter_provider=NoOpMeterProvider(),
        exclude_spans=["receive", "send"],
    )
    return Stack(app(handler, [middleware]), flush=provider.force_flush, close=provider.shutdown)


STACKS = {
    "bare:plain": lambda: Stack(app(plain)),
    "bare:working": lambda: Stack(app(working(Dependencies()))),
    "ours:unsampled": lambda: ours(0.0, 10.0, spans=False),
    "ours:late": lambda: ours(0.0, 0.0, spans=True),
    "ours:head": lambda: ours(1.0, 10.0, spans=True),
    "starlette_exporter:unsampled": starlette_exporter,
    "instrumentator:unsampled": instrumentator,
    "opentelemetry:unsampled": lambda: opentelemetry(0.0, spans=False),
    "opentelemetry:head": lambda: opentelemetry(1.0, spans=True),
    "opentelemetry_lean:unsampled": lambda: opentelemetry_lean(0.0, spans=False),
    "opentelemetry_lean:head": lambda: opentelemetry_lean(1.0, spans=True),
}

CASES = {
    "unsampled_us": (
        "bare:plain",
        (
            "ours:unsampled",
            "starlette_exporter:unsampled",
            "instrumentator:unsampled",
            "opentelemetry:unsampled",
            "opentelemetry_lean:unsampled",
        ),
    ),
    "late_us": ("bare:working", ("ours:late",)),
    "head_sampled_us": ("bare:working", ("ours:head", "opentelemetry:head", "opentelemetry_lean:head")),
}
