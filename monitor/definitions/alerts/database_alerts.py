"""The database pool: the one resource whose end every request feels."""

from __future__ import annotations

from monitor.definitions.deployment import Deployment
from monitor.definitions.recording_rules import own
from monitor.definitions.rules import AlertRule, Board, Concern, RuleGroup, Severity, value_as
from monitor.metrics.catalogue import DB_CONNECTIONS, DB_CONNECTIONS_MAX, DB_TIMEOUTS

_KEEP_FIRING_S = 1_800.0  # outlasts every page it mutes


def database_groups(deployment: Deployment) -> tuple[RuleGroup, ...]:
    """Return the alerts on the database pool."""
    return (RuleGroup("database", (_exhausted(deployment), _saturated(deployment))),)


def _exhausted(deployment: Deployment) -> AlertRule:
    timeouts = own(deployment, DB_TIMEOUTS.name)
    return AlertRule(
        name="DatabasePoolExhausted",
        expr=f"sum by (job) (rate({timeouts}[{deployment.span(60)}])) > 0",
        severity=Severity.PAGE,
        concern=Concern.DATABASE,
        meaning="Requests wait for a database connection until the wait runs out, and fail.",
        summary=f"{deployment.title}: {value_as('humanize')} waits for a database connection fail a second",
        value="humanize",
        threshold="any wait that ran out within 1m, for 1m",
        normal="none",
        board=Board.DATABASE,
        panel="Pool waits that ran out",
        for_s=60.0,
        keep_firing_s=_KEEP_FIRING_S,
    )


def _saturated(deployment: Deployment) -> AlertRule:
    bound = deployment.objectives.limits.pool_used
    used = own(deployment, DB_CONNECTIONS.name, 'state="used"')
    return AlertRule(
        name="DatabasePoolSaturated",
        expr=(
            f"sum by (job, instance) ({used})"
            f" / sum by (job, instance) ({own(deployment, DB_CONNECTIONS_MAX.name)}) > {bound:g}"
        ),
        severity=Severity.TICKET,
        concern=Concern.DATABASE,
        meaning="Nearly every connection of a replica's pool is in use.",
        summary=(
            f"{deployment.title}: {value_as('humanizePercentage')} of the pool of"
            " {{ $labels.instance }} in use"
        ),
        value="humanizePercentage",
        threshold=f"over {bound * 100:g} %, for 10m",
        normal="under 60 %",
        board=Board.DATABASE,
        panel="Pool use",
        for_s=600.0,
        keep_firing_s=300.0,
    )
