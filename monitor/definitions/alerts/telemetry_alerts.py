"""The process and its telemetry: when what watches needs watching."""

from __future__ import annotations

from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.queries import TENANT_FAMILY
from monitor.definitions.recording_rules import own, queries
from monitor.definitions.rules import INSTANCE, AlertRule, Board, Concern, RuleGroup, Severity, value_as
from monitor.metrics.catalogue import (
    LOG_DROPPED,
    LOOP_LAG,
    SCRAPE_BYTES,
    SPANS_DROPPED,
    TENANT_OVERFLOW,
    WORKER_RESTARTS,
    Metric,
)

_LASTING_S = 900.0


def telemetry_groups(deployment: Deployment) -> tuple[RuleGroup, ...]:
    """Return the tickets on the process and on what it tells."""
    return (
        RuleGroup(
            "telemetry",
            (
                _loop_lag(deployment),
                _restarts(deployment),
                _scrape_slow(deployment),
                _scrape_large(deployment),
                _overflow(deployment),
                _lost(deployment, SPANS_DROPPED, "SpansDropped", "spans", "Spans dropped"),
                _lost(deployment, LOG_DROPPED, "LogLinesDropped", "log lines", "Log lines dropped"),
            ),
        ),
    )


def _loop_lag(deployment: Deployment) -> AlertRule:
    bound = deployment.objectives.limits.loop_lag_s
    ask = queries(deployment, TENANT_FAMILY, 300.0)
    return AlertRule(
        name="EventLoopLag",
        expr=f"{ask.quantile_of(0.99, LOOP_LAG.name, 'job, instance')} > {bound:g}",
        severity=Severity.TICKET,
        concern=Concern.PROCESS,
        meaning="Something blocks the event loop of a replica: every request on it waits.",
        summary=(
            f"{deployment.title}: the event loop of {INSTANCE} lags {{{{ $value | humanizeDuration }}}} (P99)"
        ),
        value="humanizeDuration",
        threshold=f"P99 over {bound * 1000:g} ms over 5m, for 10m",
        normal="under 10 ms",
        board=Board.RUNTIME,
        panel="Event loop lag",
        for_s=600.0,
        keep_firing_s=300.0,
    )


def _restarts(deployment: Deployment) -> AlertRule:
    bound, window = deployment.objectives.limits.worker_restarts, deployment.span(_LASTING_S)
    return AlertRule(
        name="WorkersRestarting",
        expr=f"round(sum by (job) (increase({own(deployment, WORKER_RESTARTS.name)}[{window}]))) > {bound}",
        severity=Severity.TICKET,
        concern=Concern.PROCESS,
        meaning="Workers die and are started anew: what they were answering is lost each time.",
        summary=f"{deployment.title}: {value_as('humanize')} workers died within a quarter of an hour",
        value="humanize",
        threshold=f"more than {bound} within {duration(_LASTING_S)}",
        normal="none",
        board=Board.RUNTIME,
        panel="Uptime",
        keep_firing_s=300.0,
    )


def _scrape_slow(deployment: Deployment) -> AlertRule:
    bound = deployment.objectives.limits.scrape_s
    return AlertRule(
        name="ScrapeSlow",
        expr=f"{own(deployment, 'scrape_duration_seconds')} > {bound:g}",
        severity=Severity.TICKET,
        concern=Concern.TELEMETRY,
        meaning="Prometheus waits long for the metrics of a replica and will soon miss scrapes.",
        summary=f"{deployment.title}: a scrape of {INSTANCE} takes {value_as('humanizeDuration')}",
        value="humanizeDuration",
        threshold=f"over {bound:g} s, for 10m",
        normal="under 200 ms",
        board=Board.RUNTIME,
        panel="Scrape duration",
        for_s=600.0,
    )


def _scrape_large(deployment: Deployment) -> AlertRule:
    bound = deployment.objectives.limits.scrape_bytes
    return AlertRule(
        name="ScrapeLarge",
        expr=f"{own(deployment, SCRAPE_BYTES.name)} > {bound:.0f}",
        severity=Severity.TICKET,
        concern=Concern.TELEMETRY,
        meaning="The exposition of a replica has grown past what it should cost.",
        summary=f"{deployment.title}: a scrape of {INSTANCE} is {value_as('humanize1024')}B",
        value="humanize1024",
        threshold=f"over {bound / 1e6:g} MB, for 10m",
        normal=f"under 4 MB with 1,000 {deployment.naming.plural}",
        board=Board.RUNTIME,
        panel="Scrape size",
        for_s=600.0,
    )


def _overflow(deployment: Deployment) -> AlertRule:
    series = own(deployment, TENANT_OVERFLOW.name)
    return AlertRule(
        name="TenantBudgetOverflow",
        expr=f"sum by (job) (rate({series}[{deployment.span(300)}])) > 0",
        severity=Severity.TICKET,
        concern=Concern.TELEMETRY,
        meaning=(
            f"More {deployment.naming.plural} are active than may have series of their own: newcomers are"
            " counted together."
        ),
        summary=f"{deployment.title}: {value_as('humanize')} observations a second in the overflow tenant",
        value="humanize",
        threshold="any, for 15m",
        normal="none",
        board=Board.RUNTIME,
        panel="Tenant budget",
        for_s=_LASTING_S,
    )


def _lost(deployment: Deployment, metric: Metric, name: str, what: str, panel: str) -> AlertRule:
    series = own(deployment, metric.name)
    return AlertRule(
        name=name,
        expr=f"sum by (job) (rate({series}[{deployment.span(300)}])) > 0",
        severity=Severity.TICKET,
        concern=Concern.TELEMETRY,
        meaning=f"The service loses {what}: what is needed to explain a failure may be missing.",
        summary=f"{deployment.title}: {value_as('humanize')} {what} lost a second",
        value="humanize",
        threshold="any, for 15m",
        normal="none",
        board=Board.RUNTIME,
        panel=panel,
        for_s=_LASTING_S,
    )
