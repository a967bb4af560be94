"""Is it there: targets, traffic, and the watchdog of the alerting itself."""

from __future__ import annotations

from monitor.definitions import recorded
from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.recording_rules import own
from monitor.definitions.rules import INSTANCE, AlertRule, Board, Concern, RuleGroup, Severity

_KEEP_FIRING_S = 1_800.0  # outlasts every page it mutes
_BEFORE_S, _BEFORE_GAP_S = 1_800.0, 900.0
_WEEK_S = 7 * 86_400.0


def presence_groups(deployment: Deployment) -> tuple[RuleGroup, ...]:
    """Return the alerts that need no series of the service to fire."""
    return (
        RuleGroup(
            "presence",
            (
                _down(deployment),
                _missing(deployment),
                _replica(deployment),
                _no_traffic(deployment),
                _watchdog(deployment),
            ),
        ),
    )


def _down(deployment: Deployment) -> AlertRule:
    return AlertRule(
        name="ServiceDown",
        expr=f"sum by (job) ({own(deployment, 'up')}) == 0",
        severity=Severity.PAGE,
        concern=Concern.PRESENCE,
        meaning="Not one replica of the service answers its scrape.",
        summary=f"{deployment.title} is down: no replica answers",
        value="humanize",
        threshold="no replica up, for 1m",
        normal="every replica up",
        board=Board.SERVICE,
        panel="Replicas up",
        for_s=60.0,
        keep_firing_s=_KEEP_FIRING_S,
    )


def _missing(deployment: Deployment) -> AlertRule:
    return AlertRule(
        name="ServiceMissing",
        expr=f"absent({own(deployment, 'up')})",
        severity=Severity.PAGE,
        concern=Concern.PRESENCE,
        meaning="Prometheus knows no target of the service: nothing is watched.",
        summary=f"{deployment.title} has no target in Prometheus",
        value="",
        threshold="no target, for 1m",
        normal="a target for every replica",
        board=Board.SERVICE,
        panel="Replicas up",
        for_s=60.0,
        keep_firing_s=_KEEP_FIRING_S,
    )


def _replica(deployment: Deployment) -> AlertRule:
    up = own(deployment, "up")
    return AlertRule(
        name="ReplicaDown",
        expr=f"{up} == 0 and on (job) sum by (job) ({up}) > 0",
        severity=Severity.TICKET,
        concern=Concern.PRESENCE,
        meaning="One replica does not answer its scrape, others do.",
        summary=f"{deployment.title}: replica {INSTANCE} is down",
        value="humanize",
        threshold="a replica down, for 5m",
        normal="every replica up",
        board=Board.SERVICE,
        panel="Replicas up",
        for_s=300.0,
        guard="all replicas down (ServiceDown says so)",
    )


def _no_traffic(deployment: Deployment) -> AlertRule:
    floor = deployment.objectives.limits.traffic_floor
    return AlertRule(
        name="NoTraffic",
        expr=(
            f"{_silent(deployment)} and on (job) ({_busy(deployment)})"
            f" unless on (job) {_known_quiet(deployment)}"
        ),
        severity=Severity.PAGE,
        concern=Concern.PRESENCE,
        meaning="The service is up and nobody reaches it, although there was traffic before.",
        summary=f"{deployment.title} receives no requests",
        value="humanize",
        threshold="no request in 5m, or no series of requests at all, for 5m; until the next request",
        normal=f"over {floor:g} requests a second, before or at this hour a week ago",
        board=Board.SERVICE,
        panel="Requests by route",
        for_s=300.0,
        guard=(
            f"{floor:g} requests a second or less in the {duration(_BEFORE_S)} before (nights fade),"
            " or around this hour a week ago"
        ),
    )


def _silent(deployment: Deployment) -> str:
    """Count the replicas that are up while nothing is asked; a fresh process has no series to be 0."""
    requests = own(deployment, recorded.REQUESTS)
    return f"(sum by (job) ({own(deployment, 'up')}) > 0 unless on (job) {requests} > 0)"


def _busy(deployment: Deployment) -> str:
    """Say whether there should be traffic: there was until now, or at this hour a week ago, or it was told.

    The last part keeps a page until it is over: what was before slides out of any window.
    """
    floor = f"> {deployment.objectives.limits.traffic_floor:g}"
    name = f'alertname="{deployment.alert_name("NoTraffic")}"'
    told = own(deployment, "ALERTS", name, 'alertstate="firing"')
    return (
        f"{_average(deployment, _BEFORE_S, _BEFORE_GAP_S)} {floor}"
        f" or {_average(deployment, _BEFORE_S, _WEEK_S)} {floor} or {told}"
    )


def _known_quiet(deployment: Deployment) -> str:
    """Say whether around this hour a week ago there was none either: half an hour before and behind."""
    floor = deployment.objectives.limits.traffic_floor
    around = _average(deployment, 2 * _BEFORE_S, _WEEK_S - _BEFORE_S)
    return f"({around} <= {floor:g})"


def _average(deployment: Deployment, window_s: float, ago_s: float) -> str:
    requests = own(deployment, recorded.REQUESTS)
    return f"avg_over_time({requests}[{deployment.span(window_s)}] offset {deployment.span(ago_s)})"


def _watchdog(deployment: Deployment) -> AlertRule:
    return AlertRule(
        name="Watchdog",
        expr="vector(1)",
        severity=Severity.NONE,
        concern=Concern.TELEMETRY,
        meaning="Always fires: a receiver that stops hearing it knows that alerting itself is broken.",
        summary=f"{deployment.title}: alerting works",
        value="",
        threshold="always",
        normal="firing",
        board=Board.SERVICE,
        panel="Alerts firing",
        labels={"job": deployment.job},
    )
