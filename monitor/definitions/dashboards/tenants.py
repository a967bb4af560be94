"""Tenants: all of them against the objectives, the busiest and the worst, and one tenant's own page."""

from __future__ import annotations

from monitor.definitions import recorded
from monitor.definitions.dashboards import variables
from monitor.definitions.dashboards.asking import (
    BY_OUTCOME,
    BY_QUANTILE,
    BY_RESULT,
    bottom,
    none_of,
    of_tenants,
    quantiles,
    shown,
    top,
)
from monitor.definitions.dashboards.layout import dashboard, drill_down
from monitor.definitions.dashboards.panel import (
    Json,
    Panel,
    Query,
    Row,
    worse_above,
    worse_below,
)
from monitor.definitions.dashboards.panels import stat, timeseries
from monitor.definitions.dashboards.tables import Column, table
from monitor.definitions.deployment import Deployment
from monitor.definitions.queries import AUTHENTICATED
from monitor.definitions.rules import Board
from monitor.metrics.catalogue import CACHE_REQUESTS, TENANT_DURATION, TENANT_REQUESTS
from monitor.objectives import Objectives


def tenants(deployment: Deployment) -> Json:
    """Return the dashboard of the tenants."""
    return dashboard(
        deployment,
        Board.TENANTS,
        f"{deployment.title}: [[tenants]]",
        "How is each [[tenant]] served? All against the objectives, top lists, and one [[tenant]]'s own"
        " page.",
        (variables.datasource(), variables.job(), variables.tenant(), variables.top()),
        (
            Row("All [[tenants]]", _all(deployment.objectives)),
            Row("Busiest and worst", _top(deployment.objectives)),
            Row("The chosen [[tenants]]: $tenant", _own(deployment.objectives)),
        ),
    )


def _broken(objectives: Objectives) -> tuple[Panel, ...]:
    watched = (
        ("[[Tenants]] slow", recorded.TENANT_MEAN, recorded.TENANT_REQUESTS, objectives.latency_mean),
        (
            "[[Tenants]] failing",
            recorded.TENANT_ERROR_RATIO,
            recorded.TENANT_REQUESTS,
            objectives.error_ratio,
        ),
        (
            "[[Tenants]] with few hits",
            recorded.TENANT_HIT_RATIO,
            recorded.TENANT_LOOKUPS,
            objectives.hit_ratio,
        ),
    )
    return tuple(
        stat(
            title,
            f"[[Tenants]] that break the objective now: {threshold.name.replace('_', ' ')}"
            f" {'over' if threshold.above else 'under'} {threshold.bound:g},"
            f" with {threshold.guard_rate:g} events a second or more.",
            "none",
            Query(
                none_of(
                    f"count({shown(value, AUTHENTICATED)} {'>' if threshold.above else '<'}"
                    f" {threshold.bound:g} and {shown(events, AUTHENTICATED)} >= {threshold.guard_rate:g})"
                )
            ),
            width=6,
            bounds=worse_above(objectives.limits.tenants_at_once, 1),
        )
        for title, value, events, threshold in watched
    )


def _all(objectives: Objectives) -> tuple[Panel, ...]:
    active = none_of(f"count({shown(recorded.TENANT_REQUESTS, AUTHENTICATED)} > 0)")
    return (
        stat(
            "[[Tenants]] active",
            "[[Tenants]] with a request in the last five minutes.",
            "none",
            Query(active),
            width=6,
        ),
        *_broken(objectives),
        _every_tenant(objectives),
    )


def _every_tenant(objectives: Objectives) -> Panel:
    def of(series: str) -> str:
        return f"max by (tenant) ({shown(series, variables.TENANT, AUTHENTICATED)})"

    busy = shown(f"{TENANT_DURATION.name}_sum", AUTHENTICATED)
    busy_of = shown(f"{TENANT_DURATION.name}_sum", variables.TENANT, AUTHENTICATED)
    share = f"sum by (tenant) (increase({busy_of}[$__range])) / scalar(sum(increase({busy}[$__range])) > 0)"
    return table(
        "[[Tenants]] against the objectives",
        "Each [[tenant]] now, red where it breaks an objective. Time share is its part of all the time spent"
        " on requests in the range, the best single measure of what it costs. Choose [[a tenant]] to open its"
        " page.",
        "tenant",
        "[[Tenant]]",
        Column("Requests", of(recorded.TENANT_REQUESTS), "reqps", gauge=True),
        Column("Mean", of(recorded.TENANT_MEAN), "s", worse_above(objectives.latency_mean.bound)),
        Column("P50", of(recorded.quantile("job_tenant", 0.5)), "s"),
        Column("P95", of(recorded.quantile("job_tenant", 0.95)), "s"),
        Column("P99", of(recorded.quantile("job_tenant", 0.99)), "s"),
        Column(
            "Errors",
            of(recorded.TENANT_ERROR_RATIO),
            "percentunit",
            worse_above(objectives.error_ratio.bound),
        ),
        Column(
            "Hit ratio",
            of(recorded.TENANT_HIT_RATIO),
            "percentunit",
            worse_below(objectives.hit_ratio.bound, 0.85),
        ),
        Column("Time share", share, "percentunit", gauge=True),
        link=drill_down(Board.TENANTS, "This [[tenant]]'s page", "tenant", "[[Tenant]]"),
    )


def _top(objectives: Objectives) -> tuple[Panel, ...]:
    chosen = (variables.TENANT, AUTHENTICATED)
    busy = shown(f"{TENANT_DURATION.name}_sum", *chosen)
    spent = f"sum by (tenant) (rate({busy}[$__rate_interval]))"
    spent_in_range = f"sum by (tenant) (increase({busy}[$__range] @ end()))"
    return (
        timeseries(
            "Requests by [[tenant]]",
            "The $top busiest [[tenants]] over the range.",
            "reqps",
            Query(top(shown(recorded.TENANT_REQUESTS, *chosen)), "{{tenant}}"),
        ),
        timeseries(
            "Mean response time by [[tenant]]",
            "The $top slowest [[tenants]] over the range; dashed: the alert's bound.",
            "s",
            Query(top(shown(recorded.TENANT_MEAN, *chosen)), "{{tenant}}"),
            bounds=worse_above(objectives.latency_mean.bound),
        ),
        timeseries(
            "Error ratio by [[tenant]]",
            "The $top [[tenants]] with most failures over the range; dashed: the alert's bound.",
            "percentunit",
            Query(top(shown(recorded.TENANT_ERROR_RATIO, *chosen)), "{{tenant}}"),
            bounds=worse_above(objectives.error_ratio.bound),
        ),
        timeseries(
            "Hit ratio by [[tenant]]",
            "The $top [[tenants]] with the lowest hit ratio over the range; dashed: the alert's bound.",
            "percentunit",
            Query(bottom(shown(recorded.TENANT_HIT_RATIO, *chosen)), "{{tenant}}"),
            bounds=worse_below(objectives.hit_ratio.bound, 0.85),
            maximum=1,
        ),
        timeseries(
            "P95 by [[tenant]]",
            "The $top [[tenants]] with the highest P95 over the range.",
            "s",
            Query(top(shown(recorded.quantile("job_tenant", 0.95), *chosen)), "{{tenant}}"),
        ),
        timeseries(
            "Time spent by [[tenant]]",
            "Seconds a second spent on requests of the $top [[tenants]] that cost most over the range.",
            "none",
            Query(f"{spent} and on (tenant) topk($top, {spent_in_range})", "{{tenant}}"),
            stacked=True,
        ),
    )


def _own(objectives: Objectives) -> tuple[Panel, ...]:
    ask = of_tenants(variables.TENANT)
    outcomes = ask.per_second(TENANT_REQUESTS.name, "outcome")
    results = ask.per_second(CACHE_REQUESTS.name, "result")
    return (
        timeseries(
            "Requests by outcome",
            "Requests of the chosen [[tenants]] by how they ended.",
            "reqps",
            Query(outcomes, "{{outcome}}"),
            stacked=True,
            overrides=BY_OUTCOME,
        ),
        timeseries(
            "Latency of the chosen [[tenants]]",
            "Half, 95 and 99 of 100 of their requests were faster. Points are traces: choose one to open it.",
            "s",
            *quantiles(ask),
            bounds=worse_above(objectives.latency_mean.bound),
            overrides=BY_QUANTILE,
        ),
        timeseries(
            "Hit ratio by domain of the chosen [[tenants]]",
            "Where the cache helps these [[tenants]]; dashed: the objective.",
            "percentunit",
            Query(ask.hit_ratio("domain"), "{{domain}}"),
            bounds=worse_below(objectives.hit_ratio.bound, 0.85),
            maximum=1,
        ),
        timeseries(
            "Lookups by result of the chosen [[tenants]]",
            "Cache lookups by outcome; bypass is a cache that was not asked.",
            "ops",
            Query(results, "{{result}}"),
            stacked=True,
            overrides=BY_RESULT,
        ),
    )
