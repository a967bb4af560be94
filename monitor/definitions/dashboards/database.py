"""Database: what is asked of it, how long it takes, whether the pool lasts, and what the cache keeps away."""

from __future__ import annotations

from monitor.definitions.dashboards import variables
from monitor.definitions.dashboards.asking import BY_QUANTILE, none_of, of_tenants, shown
from monitor.definitions.dashboards.layout import dashboard
from monitor.definitions.dashboards.panel import (
    GREEN,
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
from monitor.definitions.dashboards.panels import heatmap, stat, timeseries
from monitor.definitions.dashboards.tables import Column, table
from monitor.definitions.deployment import Deployment
from monitor.definitions.queries import HITS
from monitor.definitions.rules import Board
from monitor.metrics import catalogue
from monitor.objectives import Objectives

_NAME = catalogue.DB_DURATION.name
_SUMMARY = "db_query_summary"


def database(deployment: Deployment) -> Json:
    """Return the dashboard of the database."""
    return dashboard(
        deployment,
        Board.DATABASE,
        f"{deployment.title}: database",
        "What is asked of the database, how long it takes, whether the pool lasts.",
        (variables.datasource(), variables.job()),
        (
            Row("Now", _now(deployment.objectives)),
            Row("Statements", _statements()),
            Row("Pool", _pool(deployment.objectives)),
            Row("What the cache keeps away", _avoided()),
        ),
    )


def _used() -> str:
    used = shown(catalogue.DB_CONNECTIONS.name, 'state="used"')
    return f"sum by (instance) ({used}) / sum by (instance) ({shown(catalogue.DB_CONNECTIONS_MAX.name)})"


def _now(objectives: Objectives) -> tuple[Panel, ...]:
    ask = of_tenants()
    timeouts = shown(catalogue.DB_TIMEOUTS.name)
    return (
        stat("Statements now", "Statements a second.", "ops", Query(ask.per_second(f"{_NAME}_count", "job"))),
        stat("Mean now", "Mean duration of a statement.", "s", Query(ask.mean_of(_NAME, "job"))),
        stat("P99 now", "99 of 100 statements were faster.", "s", Query(ask.quantile_of(0.99, _NAME, "job"))),
        stat(
            "Pool used now",
            "Share of the fullest replica's connections in use.",
            "percentunit",
            Query(f"max({_used()})"),
            bounds=worse_above(objectives.limits.pool_used, 0.6),
            decimals=0,
        ),
        stat(
            "Waits that ran out now",
            "Waits for a connection that ran out, a second: each is a failed request.",
            "cps",
            Query(f"sum(rate({timeouts}[$__rate_interval]))"),
            bounds=worse_above(0.001),
        ),
        stat(
            "Slow statements in range",
            "Statements over the slow-query bound.",
            "none",
            Query(none_of(f"sum(increase({shown(catalogue.DB_SLOW.name)}[$__range]))"), instant=True),
            decimals=0,
        ),
    )


def _statements() -> tuple[Panel, ...]:
    ask = of_tenants()
    failed = ask.per_second(f"{_NAME}_count", f"{_SUMMARY}, error_type", 'error_type!=""')
    busy = ask.per_second(f"{_NAME}_sum", _SUMMARY)
    slow = ask.per_second(catalogue.DB_SLOW.name, _SUMMARY)
    return (
        table(
            "Statements by summary",
            "Every statement the service makes, without its values. Time is the seconds spent in it a second:"
            " the first is where a better index or a longer life in the cache pays most.",
            _SUMMARY,
            "Statement",
            Column("Time", busy, "percentunit", gauge=True),
            Column("Calls", ask.per_second(f"{_NAME}_count", _SUMMARY), "ops"),
            Column("Mean", ask.mean_of(_NAME, _SUMMARY), "s"),
            Column("P95", ask.quantile_of(0.95, _NAME, _SUMMARY), "s"),
            Column("Slow", slow, "cps"),
            first_width=380,
        ),
        timeseries(
            "Statements a second",
            "Calls by summary, stacked.",
            "ops",
            Query(ask.per_second(f"{_NAME}_count", _SUMMARY), "{{db_query_summary}}"),
            stacked=True,
        ),
        timeseries(
            "P95 by statement",
            "95 of 100 calls were faster.",
            "s",
            Query(ask.quantile_of(0.95, _NAME, _SUMMARY), "{{db_query_summary}}"),
        ),
        heatmap(
            "Statement latency",
            "How many statements took how long.",
            Query(
                f"sum by (le) (increase({shown(f'{_NAME}_bucket')}[$__rate_interval]))",
                "{{le}}",
                form="heatmap",
            ),
            height=8,
        ),
        timeseries(
            "Slow statements",
            "Statements over the slow-query bound, a second; each is in the log with its trace.",
            "cps",
            Query(none_of(slow, _SUMMARY), "{{db_query_summary}}"),
        ),
        timeseries(
            "Failed statements",
            "Statements that ended in an error, by its class.",
            "cps",
            Query(none_of(failed, "error_type"), "{{db_query_summary}} {{error_type}}"),
            width=24,
            height=6,
        ),
    )


def _pool(objectives: Objectives) -> tuple[Panel, ...]:
    ask = of_tenants()
    waits = catalogue.DB_WAIT.name
    return (
        timeseries(
            "Pool use",
            "Share of each replica's connections in use; dashed: the ticket's bound.",
            "percentunit",
            Query(_used(), "{{instance}}"),
            width=8,
            bounds=worse_above(objectives.limits.pool_used),
            maximum=1,
        ),
        timeseries(
            "Connections",
            "Connections by state, and the most that the pools may open.",
            "short",
            Query(f"sum by (state) ({shown(catalogue.DB_CONNECTIONS.name)})", "{{state}}"),
            Query(f"sum({shown(catalogue.DB_CONNECTIONS_MAX.name)})", "most"),
            width=8,
            overrides=(by_regexp("most", color=fixed(RED), custom__fillOpacity=0),),
        ),
        timeseries(
            "Wait for a connection",
            "How long requests wait for a connection: the mean is exact, the P99 no finer than 1 ms.",
            "s",
            Query(ask.mean_of(waits, "job"), "mean"),
            Query(ask.quantile_of(0.99, waits, "job"), "P99"),
            width=8,
            overrides=(*BY_QUANTILE, by_name("mean", color=fixed(GREEN))),
        ),
        timeseries(
            "Pool waits that ran out",
            "Waits for a connection that ran out, a second: each is a failed request.",
            "cps",
            Query(ask.per_second(catalogue.DB_TIMEOUTS.name, "instance"), "{{instance}}"),
            width=24,
            height=5,
        ),
    )


def _avoided() -> tuple[Panel, ...]:
    ask = of_tenants()
    hits = ask.per_second(catalogue.CACHE_REQUESTS.name, "domain", HITS)
    loads = ask.per_second(f"{catalogue.CACHE_LOAD_DURATION.name}_count", "domain")
    kept = (
        f"{ask.per_second(catalogue.CACHE_REQUESTS.name, 'job', HITS)}"
        f" / ({ask.per_second(catalogue.CACHE_REQUESTS.name, 'job')} > 0)"
    )
    return (
        timeseries(
            "Share of reads kept from the database",
            "Of all cacheable reads, those that never reached the database; a bypass counts as reaching it.",
            "percentunit",
            Query(kept, "{{job}}"),
            maximum=1,
        ),
        timeseries(
            "Reads by where they ended",
            "Hits by domain, and loads that reached the database.",
            "ops",
            Query(hits, "{{domain}} hit"),
            Query(loads, "{{domain}} loaded"),
            stacked=True,
        ),
    )
