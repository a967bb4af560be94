"""Capacity and trends: how it grows, how much is left, and what each tenant costs."""

from __future__ import annotations

from monitor.definitions import recorded
from monitor.definitions.dashboards import variables
from monitor.definitions.dashboards.asking import of_tenants, shown
from monitor.definitions.dashboards.layout import dashboard, drill_down
from monitor.definitions.dashboards.panel import (
    RED,
    Json,
    Panel,
    Query,
    Row,
    by_name,
    by_regexp,
    fixed,
    worse_above,
)
from monitor.definitions.dashboards.panels import stat, timeseries
from monitor.definitions.dashboards.tables import Column, table
from monitor.definitions.deployment import Deployment
from monitor.definitions.queries import AUTHENTICATED
from monitor.definitions.rules import Board
from monitor.metrics import catalogue

MEASURED_LIMIT = "2000"
_SOFT_S = 0.1
_TALL = 9
_WEEK_AGO = by_regexp(
    "a week before", custom__lineStyle={"fill": "dash", "dash": [8, 6]}, custom__fillOpacity=0
)


def capacity(deployment: Deployment) -> Json:
    """Return the dashboard to plan by."""
    return dashboard(
        deployment,
        Board.CAPACITY,
        f"{deployment.title}: capacity and trends",
        "How traffic grows, how much is left before the measured limit, and what each [[tenant]] costs.",
        (
            variables.datasource(),
            variables.job(),
            variables.tenant(),
            variables.number(
                "limit",
                "Limit of a replica",
                MEASURED_LIMIT,
                "Requests a second that one replica served within its objectives, from docs/benchmarks.md.",
            ),
            variables.number("cost", "Cost a month", "400", "What the service costs a month, in euros."),
        ),
        (
            Row("Headroom", _headroom()),
            Row("Growth", _growth()),
            Row("Response time against users", _users()),
            Row("Cost by [[tenant]]", _cost()),
        ),
        span="now-7d",
    )


def _headroom() -> tuple[Panel, ...]:
    replicas = f"count({shown('up')} == 1)"
    requests = f"sum({shown(recorded.REQUESTS)})"
    peak = f"sum(max_over_time({shown(recorded.REQUESTS)}[$__range]))"
    week, before = f"{shown(recorded.REQUESTS)}[7d]", f"{shown(recorded.REQUESTS)}[7d] offset 1w"
    # A line through a week of days and nights leads nowhere: the growth from week to week does.
    growth = f"(avg_over_time({week}) / avg_over_time({before}))"
    busy = of_tenants().per_second(catalogue.PROCESS_CPU.name, "job")
    return (
        stat(
            "Peak in range",
            "The busiest five minutes of the range.",
            "reqps",
            Query(peak, instant=True),
            width=6,
        ),
        stat(
            "Limit used at the peak",
            "The peak against the measured limit of a replica (variable) times the replicas up.",
            "percentunit",
            Query(f"{peak} / ($limit * {replicas})", instant=True),
            width=6,
            bounds=worse_above(0.8, 0.6),
            decimals=1,
        ),
        stat(
            "Peak in four weeks",
            "The busiest five minutes of a week, four weeks from now, if traffic grows as it did last week.",
            "reqps",
            Query(f"sum(max_over_time({week}) * {growth} ^ 4)", instant=True),
            width=6,
        ),
        stat(
            "CPU of a request",
            "CPU seconds that one request costs, everything included.",
            "s",
            Query(f"sum({busy}) / sum({shown(recorded.REQUESTS)} > 0)"),
            width=6,
        ),
        timeseries(
            "Traffic against the limit",
            "Requests a second and what the replicas up can serve within the objectives.",
            "reqps",
            Query(requests, "requests"),
            Query(f"$limit * {replicas}", "limit"),
            width=24,
            wide_range=True,
            overrides=(by_name("limit", color=fixed(RED), custom__fillOpacity=0),),
        ),
    )


def _growth() -> tuple[Panel, ...]:
    requests, tenants = (
        shown(recorded.REQUESTS),
        f"count({shown(recorded.TENANT_REQUESTS, AUTHENTICATED)} > 0)",
    )
    mean, memory = shown(recorded.MEAN), shown(catalogue.PROCESS_RESIDENT.name)
    tenants_before = f"count({shown(recorded.TENANT_REQUESTS, AUTHENTICATED)} offset 1w > 0)"
    return (
        timeseries(
            "Requests and a week before",
            "Requests a second now and at the same time a week before.",
            "reqps",
            Query(f"sum({requests})", "now"),
            Query(f"sum({requests} offset 1w)", "a week before"),
            overrides=(_WEEK_AGO,),
        ),
        timeseries(
            "[[Tenants]] active and a week before",
            "[[Tenants]] with traffic now and at the same time a week before.",
            "short",
            Query(tenants, "now"),
            Query(tenants_before, "a week before"),
            overrides=(_WEEK_AGO,),
        ),
        timeseries(
            "Mean response time and a week before",
            "Mean over five minutes now and at the same time a week before.",
            "s",
            Query(f"max({mean})", "now"),
            Query(f"max({mean} offset 1w)", "a week before"),
            overrides=(_WEEK_AGO,),
        ),
        timeseries(
            "Memory of a replica",
            "Mean resident memory of a replica: a rise that never falls back is a leak.",
            "bytes",
            Query(f"avg({memory})", "now"),
            Query(f"avg(avg_over_time({memory}[1d]))", "a day's mean"),
        ),
    )


def _users() -> tuple[Panel, ...]:
    p95 = f"max({shown(recorded.quantile('job', 0.95))})"
    flying = f"sum({shown(catalogue.HTTP_ACTIVE.name)})"
    right = by_regexp(
        "^(mean|P50|P95)$",
        custom__axisPlacement="right",
        custom__axisSoftMax=_SOFT_S,
        custom__fillOpacity=0,
        unit="s",
    )
    return (
        timeseries(
            "Response time against requests in flight",
            "Requests in flight (left) and response time (right): where both rise, the service queues.",
            "short",
            Query(flying, "in flight"),
            Query(f"max({shown(recorded.MEAN)})", "mean"),
            Query(p95, "P95"),
            height=_TALL,
            overrides=(right,),
        ),
        timeseries(
            "Response time against [[tenants]]",
            "Active [[tenants]] (left) and response time (right).",
            "short",
            Query(f"count({shown(recorded.TENANT_REQUESTS, AUTHENTICATED)} > 0)", "[[tenants]]"),
            Query(f"max({shown(recorded.quantile('job', 0.5))})", "P50"),
            Query(p95, "P95"),
            height=_TALL,
            overrides=(right,),
        ),
    )


def _cost() -> tuple[Panel, ...]:
    name = f"{catalogue.TENANT_DURATION.name}_sum"
    spent = f"increase({shown(name, variables.TENANT, AUTHENTICATED)}[$__range])"
    all_spent = f"increase({shown(name, AUTHENTICATED)}[$__range])"
    share = f"sum by (tenant) ({spent}) / scalar(sum({all_spent}) > 0)"
    requests = shown(catalogue.TENANT_REQUESTS.name, variables.TENANT, AUTHENTICATED)
    misses = shown(catalogue.CACHE_REQUESTS.name, variables.TENANT, 'result!="hit"')
    return (
        table(
            "Cost by [[tenant]]",
            "What each [[tenant]] costs a month: its share of all the time spent on requests in the range, of"
            " the cost a month (variable). Time is spent in the database, the cache and the CPU alike.",
            "tenant",
            "[[Tenant]]",
            Column("Cost a month", f"{share} * $cost", "currencyEUR", gauge=True),
            Column("Time share", share, "percentunit"),
            Column("Requests", f"sum by (tenant) (increase({requests}[$__range]))", "short"),
            Column("Reads that missed", f"sum by (tenant) (increase({misses}[$__range]))", "short"),
            link=drill_down(Board.TENANTS, "This [[tenant]]'s page", "tenant", "[[Tenant]]"),
        ),
    )
