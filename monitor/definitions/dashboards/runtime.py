"""Traces and runtime: what is kept of the traces, and what the processes and their telemetry cost."""

from __future__ import annotations

from monitor.definitions.dashboards import variables
from monitor.definitions.dashboards.asking import THE_BOUND, line_at, none_of, of_tenants, shown
from monitor.definitions.dashboards.layout import dashboard
from monitor.definitions.dashboards.panel import (
    GREEN,
    RED,
    Json,
    Panel,
    Query,
    Row,
    by_name,
    fixed,
    worse_above,
)
from monitor.definitions.dashboards.panels import mapped, stat, states, timeseries
from monitor.definitions.deployment import Deployment
from monitor.definitions.rules import Board
from monitor.metrics import catalogue
from monitor.objectives import Limits


def runtime(deployment: Deployment) -> Json:
    """Return the dashboard of traces and processes."""
    limits = deployment.objectives.limits
    return dashboard(
        deployment,
        Board.RUNTIME,
        f"{deployment.title}: traces and runtime",
        "What is kept of the traces, how the processes are, and what their telemetry costs.",
        (variables.datasource(), variables.job()),
        (
            Row("Now", _now(limits)),
            Row("Traces", _traces()),
            Row("Process", _process(limits)),
            Row("Cost of the telemetry", _telemetry(limits)),
            Row("Health", _health()),
        ),
    )


def _now(limits: Limits) -> tuple[Panel, ...]:
    ask = of_tenants()
    lost = none_of(f"sum(increase({shown(catalogue.SPANS_DROPPED.name)}[$__range]))")
    return (
        stat(
            "Workers now",
            "Worker processes of all replicas.",
            "none",
            Query(f"sum({shown(catalogue.WORKERS.name)})"),
        ),
        stat(
            "Loop lag now",
            "P99 of the delay of a timer on the serving loops.",
            "s",
            Query(f"max({ask.quantile_of(0.99, catalogue.LOOP_LAG.name, 'instance')})"),
            bounds=worse_above(limits.loop_lag_s, limits.loop_lag_s / 10),
        ),
        stat(
            "Memory now",
            "Resident memory of all workers.",
            "bytes",
            Query(f"sum({shown(catalogue.PROCESS_RESIDENT.name)})"),
        ),
        stat(
            "Scrape now",
            "The slowest scrape, as Prometheus measured it.",
            "s",
            Query(f"max({shown('scrape_duration_seconds')})"),
            bounds=worse_above(limits.scrape_s, limits.scrape_s / 10),
        ),
        stat(
            "Tenant budget used now",
            "Share of the tenants that may have series of their own.",
            "percentunit",
            Query(f"max({shown(catalogue.TENANT_SERIES.name)} / {shown(catalogue.TENANT_BUDGET.name)})"),
            bounds=worse_above(0.99, 0.8),
            decimals=0,
        ),
        stat(
            "Spans lost in range",
            "Spans lost on their way out.",
            "none",
            Query(lost, instant=True),
            bounds=worse_above(1),
            decimals=0,
        ),
    )


def _traces() -> tuple[Panel, ...]:
    ask = of_tenants()
    return (
        timeseries(
            "Traces by decision",
            "Requests by their trace: sampled at the head, kept for being slow or failed, dropped.",
            "reqps",
            Query(ask.per_second(catalogue.TRACES.name, "decision"), "{{decision}}"),
            stacked=True,
        ),
        timeseries(
            "Spans exported",
            "Spans a second that the collector accepted.",
            "cps",
            Query(ask.per_second(catalogue.SPANS_EXPORTED.name, "instance"), "{{instance}}"),
        ),
        timeseries(
            "Spans dropped",
            "Spans lost by reason: the queue was full or the export failed.",
            "cps",
            Query(none_of(ask.per_second(catalogue.SPANS_DROPPED.name, "reason"), "reason"), "{{reason}}"),
        ),
        timeseries(
            "Span queue",
            "Spans that wait for export.",
            "short",
            Query(f"sum by (instance) ({shown(catalogue.SPAN_QUEUE.name)})", "{{instance}}"),
        ),
    )


def _process(limits: Limits) -> tuple[Panel, ...]:
    ask = of_tenants()
    lag = catalogue.LOOP_LAG.name
    sockets = f"sum by (http_route) ({shown(catalogue.WEBSOCKET_ACTIVE.name)})"
    lives = ask.mean_of(catalogue.WEBSOCKET_DURATION.name, "http_route")
    open_files = shown(catalogue.PROCESS_OPEN_FDS.name)
    return (
        timeseries(
            "Event loop lag",
            "Delay of a timer on the serving loop, P99 and P50; dashed: the ticket's bound.",
            "s",
            Query(ask.quantile_of(0.99, lag, "instance"), "{{instance}} P99"),
            Query(ask.quantile_of(0.5, lag, "instance"), "{{instance}} P50"),
            bounds=worse_above(limits.loop_lag_s),
        ),
        timeseries(
            "CPU",
            "CPU seconds a second of each replica, all workers together; one is one core.",
            "none",
            Query(ask.per_second(catalogue.PROCESS_CPU.name, "instance"), "{{instance}}"),
        ),
        timeseries(
            "Memory",
            "Resident memory of each replica, all workers together.",
            "bytes",
            Query(f"sum by (instance) ({shown(catalogue.PROCESS_RESIDENT.name)})", "{{instance}}"),
            width=8,
        ),
        timeseries(
            "File descriptors",
            "Open descriptors of each replica (left), and their share of what a process may have (right).",
            "short",
            Query(f"sum by (instance) ({shown(catalogue.PROCESS_OPEN_FDS.name)})", "{{instance}}"),
            Query(f"max({open_files} / {shown(catalogue.PROCESS_MAX_FDS.name)})", "share of the most"),
            width=8,
            overrides=(
                by_name("share of the most", unit="percentunit", max=1, custom__axisPlacement="right"),
            ),
        ),
        timeseries(
            "Garbage collections",
            "Collections a second by generation; the oldest one stops the loop longest.",
            "ops",
            Query(ask.per_second(catalogue.GC_COLLECTIONS.name, "generation"), "generation {{generation}}"),
            width=8,
        ),
        timeseries(
            "Open websockets",
            "Open websocket connections by route.",
            "short",
            Query(none_of(sockets, "http_route"), "{{http_route}}"),
            width=8,
            height=6,
        ),
        timeseries(
            "Websocket lives",
            "How long websocket connections lasted that ended, on average by route; 0 where none did.",
            "s",
            Query(none_of(lives, "http_route"), "{{http_route}}"),
            width=8,
            height=6,
        ),
        timeseries(
            "Uptime",
            "Since when the oldest process of each replica runs.",
            "s",
            Query(f"time() - min by (instance) ({shown(catalogue.PROCESS_START.name)})", "{{instance}}"),
            width=8,
            height=6,
        ),
    )


def _telemetry(limits: Limits) -> tuple[Panel, ...]:
    ask = of_tenants()
    return (
        timeseries(
            "Scrape duration",
            "A scrape as Prometheus measured it, and the part that is rendering; dashed: the ticket's bound.",
            "s",
            Query(shown("scrape_duration_seconds"), "{{instance}} whole"),
            Query(
                ask.quantile_of(0.95, catalogue.SCRAPE_DURATION.name, "instance"),
                "{{instance}} rendering P95",
            ),
            line_at(limits.scrape_s),
            width=8,
            overrides=(THE_BOUND,),
            wide_range=True,
        ),
        timeseries(
            "Scrape size",
            "Bytes of a scrape before compression; dashed: the ticket's bound.",
            "bytes",
            Query(shown(catalogue.SCRAPE_BYTES.name), "{{instance}}"),
            line_at(limits.scrape_bytes),
            width=8,
            overrides=(THE_BOUND,),
            wide_range=True,
        ),
        timeseries(
            "Series",
            "Samples of a scrape: what this service costs in Prometheus.",
            "short",
            Query(shown("scrape_samples_scraped"), "{{instance}}"),
            width=8,
        ),
        timeseries(
            "Tenant budget",
            "[[Tenants]] with series of their own against the most there may be.",
            "short",
            Query(f"max({shown(catalogue.TENANT_SERIES.name)})", "[[tenants]]"),
            Query(f"max({shown(catalogue.TENANT_BUDGET.name)})", "budget"),
            width=8,
            overrides=(by_name("budget", color=fixed(RED), custom__fillOpacity=0),),
        ),
        timeseries(
            "Observations in the overflow",
            "Observations a second in the overflow for want of budget, of [[tenants]] and other labels.",
            "cps",
            Query(f"sum(rate({shown(catalogue.TENANT_OVERFLOW.name)}[$__rate_interval]))", "[[tenants]]"),
            Query(none_of(ask.per_second(catalogue.LABEL_OVERFLOW.name, "metric"), "metric"), "{{metric}}"),
            width=8,
        ),
        timeseries(
            "Log lines dropped",
            "Log lines a second lost because the log's queue was full.",
            "cps",
            Query(ask.per_second(catalogue.LOG_DROPPED.name, "instance"), "{{instance}}"),
            width=8,
        ),
    )


def _health() -> tuple[Panel, ...]:
    return (
        states(
            "Health checks",
            "The service's own checks, as its readiness reports them.",
            Query(f"min by (check) ({shown(catalogue.HEALTH.name)})", "{{check}}"),
            mappings=(mapped(v0=("failing", RED), v1=("passing", GREEN)),),
            width=24,
        ),
    )
