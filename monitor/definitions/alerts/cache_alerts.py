"""What is wrong behind the cache: the users are served, so most of it is a ticket."""

from __future__ import annotations

from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.recording_rules import own
from monitor.definitions.rules import TENANT, AlertRule, Board, Concern, RuleGroup, Severity, value_as
from monitor.metrics.catalogue import (
    CACHE_BREAKER,
    CACHE_EPOCH_CHANGES,
    CACHE_INCONSISTENCIES,
    CACHE_OUTBOX_LAG,
)

_KEEP_FIRING_S = 1_500.0  # the store's ticket mutes the hit-ratio pages and so outlasts their whole window
_RECENT_S = 900.0


def cache_groups(deployment: Deployment) -> tuple[RuleGroup, ...]:
    """Return the alerts on the cache's store, outbox and promise."""
    return (
        RuleGroup(
            "cache-alerts",
            (
                _store(deployment),
                _inconsistency(deployment),
                _outbox(deployment),
                _epoch(deployment),
            ),
        ),
    )


def _store(deployment: Deployment) -> AlertRule:
    not_closed = own(deployment, CACHE_BREAKER.name, 'state!="closed"')
    return AlertRule(
        name="CacheStoreDown",
        expr=f"sum by (job) ({not_closed}) > 0",
        severity=Severity.TICKET,
        concern=Concern.CACHE,
        meaning="The breaker before Redis is open: every read goes to the database.",
        summary=f"{deployment.title}: the cache store is cut off",
        value="humanize",
        threshold="breaker not closed, for 1m",
        normal="closed everywhere",
        board=Board.CACHE,
        panel="Breaker",
        for_s=60.0,
        keep_firing_s=_KEEP_FIRING_S,
    )


def _inconsistency(deployment: Deployment) -> AlertRule:
    found = own(deployment, CACHE_INCONSISTENCIES.name)
    window = deployment.span(_RECENT_S)
    # A counter born at 1 shows no increase: what was not there before counts whole, but where nothing
    # of the service was there before, this Prometheus is what is new, and the count has a past.
    return AlertRule(
        name="CacheInconsistencyFound",
        expr=(
            f"sum by (job, tenant, domain) (increase({found}[{window}])"
            f" or ({found} unless {found} offset {window}"
            f" and on (job) {own(deployment, 'up')} offset {window})) > 0"
        ),
        severity=Severity.PAGE,
        concern=Concern.CONSISTENCY,
        meaning=(
            f"A cached answer differed from the database: {deployment.naming.plural} may be shown outdated"
            " data."
        ),
        summary=f"{deployment.naming.heading} {TENANT}: outdated {{{{ $labels.domain }}}} in the cache",
        value='printf "%.0f"',
        threshold=f"any inconsistency within {duration(_RECENT_S)}",
        normal="none, ever",
        board=Board.CACHE,
        panel="Inconsistencies",
        keep_firing_s=_RECENT_S,
    )


def _outbox(deployment: Deployment) -> AlertRule:
    bound = deployment.objectives.limits.outbox_lag_s
    return AlertRule(
        name="CacheOutboxLag",
        expr=f"max by (job) ({own(deployment, CACHE_OUTBOX_LAG.name)}) > {bound:g}",
        severity=Severity.TICKET,
        concern=Concern.CACHE,
        meaning="Invalidations wait in the outbox: the domains they name are read from the database.",
        summary=f"{deployment.title}: the oldest invalidation has waited {value_as('humanizeDuration')}",
        value="humanizeDuration",
        threshold=f"over {duration(bound)}, for 5m",
        normal="under 1 s",
        board=Board.CACHE,
        panel="Outbox lag",
        for_s=300.0,
        keep_firing_s=300.0,
    )


def _epoch(deployment: Deployment) -> AlertRule:
    series = own(deployment, CACHE_EPOCH_CHANGES.name)
    return AlertRule(
        name="CacheEpochAdopted",
        expr=f"sum by (job) (increase({series}[{deployment.span(_RECENT_S)}])) > 0",
        severity=Severity.INFO,
        concern=Concern.CACHE,
        meaning="The cache began a new epoch (Redis restarted, failed over, or was switched on): it is cold.",
        summary=f"{deployment.title}: the cache began a new epoch",
        value='printf "%.0f"',
        threshold=f"any new epoch within {duration(_RECENT_S)}",
        normal="none between deployments",
        board=Board.CACHE,
        panel="Epochs and switch",
    )
