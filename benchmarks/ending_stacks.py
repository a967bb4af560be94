"""The stacks that `benchmarks.endings` asks, and how each tells what it counted."""

# ruff: noqa: PLC0415 - each stack runs in a process of its own and imports only what it is made of
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

from prometheus_client import REGISTRY, CollectorRegistry
from starlette.middleware import Middleware


class Label(NamedTuple):
    """Under which labels a request was counted."""

    method: str
    route: str
    status: str
    error: str


@dataclass
class Stack:
    """One instrumentation.

    Attributes:
        middleware: What stands in the app.
        after: Instruments the finished app, where that is the way.
        requests: Returns (count, seconds) by label.
        in_flight: Returns how many requests are in flight; None: it does not say.
        outcomes: Returns the count of each outcome it tells apart; empty: none.
        websockets: Returns how many websocket connections were measured.
    """

    requests: object
    middleware: tuple = ()
    after: object = None
    in_flight: object = lambda: None
    outcomes: object = dict
    websockets: object = lambda: 0


def histogram(registry, name, labels):
    """Return (count, seconds) by label of a histogram in a registry."""
    found = {}
    for family in registry.collect():
        for sample in family.samples:
            if sample.name in (f"{name}_count", f"{name}_sum"):
                key = Label(*(sample.labels.get(label, "") for label in labels))
                count, seconds = found.get(key, (0, 0.0))
                if sample.name.endswith("_count"):
                    count += sample.value
                else:
                    seconds += sample.value
                found[key] = (count, seconds)
    return found


def total(registry, name):
    return sum(
        sample.value for family in registry.collect() for sample in family.samples if sample.name == name
    )


def ours():
    from monitor.clock import SystemClock
    from monitor.metrics.measurements import Measurements
    from monitor.middleware.performance import PerformanceMiddleware
    from monitor.tracing.provider import Service, build_tracing

    clock, registry = SystemClock(), CollectorRegistry()
    measured = Measurements(registry, clock, domains=("contacts",))
    tracing = build_tracing(
        Service("bench", "1", "test"), clock=clock, observer=measured.traces, ratio=0.5, slow_s=0.1
    )
    names = ("http_request_method", "http_route", "http_response_status_code", "error_type")

    def outcomes():
        found = {}
        for family in registry.collect():
            for sample in family.samples:
                if sample.name == "tenant_http_requests_total":
                    outcome = sample.labels["outcome"]
                    found[outcome] = found.get(outcome, 0) + sample.value
        return found

    chain = Middleware(PerformanceMiddleware, recorder=measured.http, tracing=tracing.requests, clock=clock)
    return Stack(
        middleware=(chain,),
        requests=lambda: histogram(registry, "http_server_request_duration_seconds", names),
        in_flight=lambda: total(registry, "http_server_active_requests"),
        outcomes=outcomes,
        websockets=lambda: total(registry, "websocket_server_connection_duration_seconds_count"),
    )


def starlette_exporter():
    from starlette_exporter import PrometheusMiddleware

    names = ("method", "path", "status_code", "")
    return Stack(
        middleware=(Middleware(PrometheusMiddleware, group_paths=True),),
        requests=lambda: histogram(REGISTRY, "starlette_request_duration_seconds", names),
        in_flight=lambda: total(REGISTRY, "starlette_requests_in_progress"),
    )


def instrumentator():
    from prometheus_fastapi_instrumentator import Instrumentator, metrics

    registry = CollectorRegistry()
    watch = Instrumentator(
        registry=registry,
        should_group_status_codes=False,
        should_instrument_requests_inprogress=True,
        inprogress_labels=False,
    )
    watch.add(metrics.latency(registry=registry, should_include_status=True))
    names = ("method", "handler", "status", "")
    return Stack(
        after=watch.instrument,
        requests=lambda: histogram(registry, "http_request_duration_seconds", names),
        in_flight=lambda: total(REGISTRY, "http_requests_inprogress"),
    )


def opentelemetry():
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http"
    from opentelemetry.instrumentation.starlette import StarletteInstrumentor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider

    reader = InMemoryMetricReader()
    meters = MeterProvider([reader])

    def points(name):
        data = reader.get_metrics_data()
        if data is None:
            return []
        metrics = [
            metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        return [point for metric in metrics if metric.name == name for point in metric.data.data_points]

    def requests():
        found = {}
        for point in points("http.server.request.duration"):
            told = point.attributes
            key = Label(
                told.get("http.request.method", ""),
                told.get("http.route", ""),
                str(told.get("http.response.status_code", "")),
                told.get("error.type", ""),
            )
            count, seconds = found.get(key, (0, 0.0))
            found[key] = (count + point.count, seconds + point.sum)
        return found

    return Stack(
        after=lambda app: StarletteInstrumentor.instrument_app(
            app, tracer_provider=TracerProvider(), meter_provider=meters
        ),
        requests=requests,
        in_flight=lambda: sum(point.value for point in points("http.server.active_requests")),
    )


STACKS = {
    "ours": ours,
    "starlette_exporter": starlette_exporter,
    "instrumentator": instrumentator,
    "opentelemetry": opentelemetry,
}
