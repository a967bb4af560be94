"""Service: rate, errors and duration of every route, the objectives, and what is firing."""

from __future__ import annotations

from monitor.definitions import recorded
from monitor.definitions.dashboards import variables
from monitor.definitions.dashboards.asking import (
    BY_QUANTILE,
    QUANTILES,
    none_of,
    of_service,
    quantiles,
    shown,
)
from monitor.definitions.dashboards.layout import dashboard
from monitor.definitions.dashboards.panel import (
    GREEN,
    RED,
    YELLOW,
    Bounds,
    Json,
    Panel,
    Query,
    Row,
    worse_above,
    worse_below,
)
from monitor.definitions.dashboards.panels import heatmap, mapped, stat, states, timeseries
from monitor.definitions.dashboards.tables import Column, table
from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.rules import Board
from monitor.metrics.catalogue import BUILD, HTTP_ACTIVE, HTTP_DURATION, HTTP_FIRST_BYTE, OBJECTIVE
from monitor.objectives import ServiceLevel

_UP = mapped(v0=("down", RED), v1=("up", GREEN))


def service(deployment: Deployment) -> Json:
    """Return the dashboard to open first."""
    return dashboard(
        deployment,
        Board.SERVICE,
        f"{deployment.title}: service",
        "Is the service well? Rate, errors and duration, error budgets, what fires, what was deployed.",
        (variables.datasource(), variables.job(), variables.route()),
        (
            Row("Now", _now(deployment)),
            Row("Rate, errors, duration", (*_red(deployment), *_routes(deployment))),
            Row("Objectives and error budgets", _budgets(deployment)),
            Row("Alerts and replicas", _changes()),
        ),
    )


def _now(deployment: Deployment) -> tuple[Panel, ...]:
    objectives = deployment.objectives
    errors, latency, hits = objectives.error_ratio, objectives.latency_mean, objectives.hit_ratio
    firing = 'count(ALERTS{job=~"$job", alertstate="firing", severity=~"page|ticket"}) or vector(0)'
    return (
        stat(
            "Requests now",
            "Requests a second over five minutes, probes left out.",
            "reqps",
            Query(f"sum({shown(recorded.REQUESTS)})"),
        ),
        stat(
            "Error ratio now",
            "Share of requests that failed on the server's side, over five minutes; the alert's own number.",
            "percentunit",
            Query(f"max({shown(recorded.ERROR_RATIO)})"),
            bounds=worse_above(errors.bound, errors.bound / 5),
            decimals=2,
        ),
        stat(
            "Mean response time now",
            "Mean over five minutes; the alert's own number.",
            "s",
            Query(f"max({shown(recorded.MEAN)})"),
            bounds=worse_above(latency.bound, latency.bound / 2),
        ),
        stat(
            "P99 now",
            "99 of 100 requests were faster, over five minutes.",
            "s",
            Query(f"max({shown(recorded.quantile('job', 0.99))})"),
        ),
        stat(
            "Hit ratio now",
            "Share of cache lookups that hit, over ten minutes; bypasses left out.",
            "percentunit",
            Query(f"min({shown(recorded.HIT_RATIO)})"),
            bounds=worse_below(hits.bound, 0.85),
            decimals=1,
        ),
        stat(
            "Alerts now",
            "Pages and tickets that fire.",
            "none",
            Query(firing),
            bounds=worse_above(1, 1),
        ),
    )


def _red(deployment: Deployment) -> tuple[Panel, ...]:
    ask = of_service(deployment, variables.ROUTE)
    objectives = deployment.objectives
    by_type = ask.rate("http_route, error_type", 'error_type!=""')
    return (
        timeseries(
            "Requests by route",
            "Requests a second of each route, stacked: the height is the service's traffic.",
            "reqps",
            Query(ask.rate("http_route"), "{{http_route}}"),
            stacked=True,
        ),
        timeseries(
            "Error ratio",
            "Share of requests that failed on our side over five minutes; dashed: the alert's bound.",
            "percentunit",
            Query(shown(recorded.ERROR_RATIO), "{{job}}"),
            bounds=worse_above(objectives.error_ratio.bound),
        ),
        timeseries(
            "Mean response time",
            "Mean over five minutes; dashed: the alert's bound.",
            "s",
            Query(shown(recorded.MEAN), "{{job}}"),
            bounds=worse_above(objectives.latency_mean.bound),
        ),
        timeseries(
            "Latency quantiles",
            "Half, 95 and 99 of 100 requests were faster. Points are traces: choose one to open it.",
            "s",
            *quantiles(ask),
            overrides=BY_QUANTILE,
        ),
        heatmap(
            "Latency",
            "How many requests took how long. Points are traces: choose one to open it.",
            Query(
                f"sum by (le) (increase({ask.series(f'{HTTP_DURATION.name}_bucket', *ask.requests.counted)}"
                "[$__rate_interval]))",
                "{{le}}",
                form="heatmap",
                exemplar=True,
            ),
        ),
        timeseries(
            "P95 by route",
            "The slowest routes: 95 of 100 of their requests were faster than this.",
            "s",
            Query(ask.quantile(0.95, "http_route"), "{{http_route}}"),
            height=9,
        ),
        timeseries(
            "Errors by route and type",
            "Failed requests a second by the exception or status that ended them.",
            "reqps",
            Query(none_of(by_type, "error_type"), "{{http_route}} {{error_type}}"),
        ),
        timeseries(
            "Answers by status",
            "Answers a second by status code.",
            "reqps",
            Query(ask.rate("http_response_status_code"), "{{http_response_status_code}}"),
            stacked=True,
        ),
        timeseries(
            "First byte of streamed answers",
            "Time until the first byte of answers in several parts, P95; scrapes and the console too.",
            "s",
            Query(ask.quantile_of(0.95, HTTP_FIRST_BYTE.name, "http_route"), "{{http_route}}"),
            height=6,
        ),
        timeseries(
            "Requests in flight",
            "Requests that have begun and not ended.",
            "short",
            Query(f"sum({shown(HTTP_ACTIVE.name)})", "in flight"),
            height=6,
        ),
    )


def _routes(deployment: Deployment) -> tuple[Panel, ...]:
    ask = of_service(deployment, variables.ROUTE)
    objectives, route = deployment.objectives, "http_route"
    failed = f"{ask.errors(route)} / ({ask.rate(route)} > 0)"
    return (
        table(
            "Routes",
            "Each route now, red where it breaks an objective: where to look first when the service does.",
            route,
            "Route",
            Column("Requests", ask.rate(route), "reqps", gauge=True),
            Column("Errors", failed, "percentunit", worse_above(objectives.error_ratio.bound)),
            Column("Mean", ask.mean(route), "s", worse_above(objectives.latency_mean.bound)),
            *(Column(f"P{q * 100:g}", ask.quantile(q, route), "s") for q in QUANTILES),
            first_width=380,
            height=9,
        ),
    )


def _budgets(deployment: Deployment) -> tuple[Panel, ...]:
    objectives = deployment.objectives
    levels = (
        (objectives.availability, recorded.ERRORS, "failed"),
        (objectives.latency, recorded.SLOW, "slow"),
    )
    left = tuple(_left(level, bad, word) for level, bad, word in levels)
    burning = tuple(_burning(deployment, level, bad, word) for level, bad, word in levels)
    return (left[0], burning[0], left[1], burning[1])


def _left(level: ServiceLevel, bad: str, word: str) -> Panel:
    period = f"[{level.period_days}d]"
    share = f"sum_over_time({shown(bad)}{period}) / sum_over_time({shown(recorded.REQUESTS)}{period})"
    return stat(
        f"Budget left: {level.name}",
        f"Share of the {level.period_days} days' error budget that is left: {level.target * 100:g} % of"
        f" requests must not be {word}. Below zero the objective is missed; it is not shown below -100 %.",
        "percentunit",
        Query(f"clamp_min(1 - ({share}) / {_budget(level):g}, -1)", "{{job}}", instant=True),
        width=6,
        height=8,
        bounds=Bounds(((0.0, YELLOW), (0.25, GREEN)), below=RED),
        decimals=1,
    )


def _burning(deployment: Deployment, level: ServiceLevel, bad: str, word: str) -> Panel:
    pairs = deployment.objectives.burn_rates
    queries = (
        Query(
            f"{shown(recorded.over(bad, duration(pair.long_s)))}"
            f" / ({shown(recorded.over(recorded.REQUESTS, duration(pair.long_s)))} > 0) / {_budget(level):g}",
            f"{duration(pair.long_s)} (bound {pair.factor:g})",
        )
        for pair in pairs
    )
    return timeseries(
        f"Burn rate of {level.name}",
        f"How many times as fast as even the budget of {word} requests burns, over each alert's long window."
        " Dashed: the first page and the first ticket.",
        "none",
        *queries,
        width=18,
        bounds=Bounds(((min(p.factor for p in pairs if not p.page), YELLOW), (pairs[0].factor, RED))),
    )


def _budget(level: ServiceLevel) -> float:
    return round(1 - level.target, 9)


def _changes() -> tuple[Panel, ...]:
    firing = (
        'max by (alertname, tenant, severity) (ALERTS{job=~"$job", alertstate="firing", severity!="none"})'
    )
    return (
        states(
            "Alerts firing",
            "Every alert that fired in the range; the name leads to its runbook in docs/runbooks.",
            Query(none_of(firing, "alertname"), "{{alertname}} {{tenant}}"),
            mappings=(mapped(v0=("quiet", GREEN), v1=("firing", RED)),),
            width=24,
            height=8,
        ),
        states(
            "Replicas up",
            "Whether each replica answered its scrape.",
            Query(shown("up"), "{{instance}}"),
            mappings=(_UP,),
            width=12,
            height=8,
        ),
        table(
            "Objectives in force",
            "The bounds that the running service holds itself to; the alerts' own are in docs/alerts.md.",
            "objective",
            "Objective",
            Column("Bound", f"max by (objective) ({shown(OBJECTIVE.name)})", "none"),
            width=6,
            height=8,
        ),
        timeseries(
            "Builds",
            "Replicas of each version: a deployment is where one fades into the next.",
            "short",
            Query(f"count by (version) ({shown(f'{BUILD.name}_info')})", "{{version}}"),
            width=6,
            stacked=True,
        ),
    )
