"""The three thresholds, for the service, for many tenants at once, and for each tenant.

A fault of all must be one page. So the service's alert waits least and stays longest, the
alert for many tenants stands between, and Alertmanager mutes the later by the earlier (`inhibition.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.definitions import recorded
from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.queries import AUTHENTICATED
from monitor.definitions.recording_rules import own
from monitor.definitions.rules import TENANT, AlertRule, Board, Concern, RuleGroup, Severity, Worst, value_as
from monitor.objectives import Threshold

_MANY_DELAY = 0.5  # between the service (0) and a single tenant (1)
_MANY_KEEP, _SERVICE_KEEP = 1.5, 2.0  # against a tenant's keep_firing_s: whoever mutes must outlast


@dataclass(frozen=True, slots=True)
class Subject:
    """One threshold with the series it is watched on.

    Attributes:
        word: The part of the alerts' names between the level and the state.
        state: `High` or `Low`.
        what: The value in words.
        threshold: The threshold.
        concern: What is wrong when it is broken.
        service: Series of the service's value.
        service_events: Series of the service's events a second, for the guard.
        tenant: Series by tenant.
        tenant_events: The same by tenant.
        value: Template filter of the value.
        board: The dashboard of the service's alert.
        panel: Its panel.
    """

    word: str
    state: str
    what: str
    threshold: Threshold
    concern: Concern
    service: str
    service_events: str
    tenant: str
    tenant_events: str
    value: str
    board: Board
    panel: str
    tenant_panel: str


def subjects(deployment: Deployment) -> tuple[Subject, Subject, Subject]:
    """Return the three thresholds of the objectives with their series."""
    objectives, one = deployment.objectives, deployment.naming.singular
    return (
        Subject(
            "Errors", "High", "error ratio", objectives.error_ratio, Concern.ERRORS,
            recorded.ERROR_RATIO, recorded.REQUESTS, recorded.TENANT_ERROR_RATIO, recorded.TENANT_REQUESTS,
            "humanizePercentage", Board.SERVICE, "Error ratio", f"Error ratio by {one}",
        ),
        Subject(
            "Latency", "High", "mean response time", objectives.latency_mean, Concern.LATENCY,
            recorded.MEAN, recorded.REQUESTS, recorded.TENANT_MEAN, recorded.TENANT_REQUESTS,
            "humanizeDuration", Board.SERVICE, "Mean response time", f"Mean response time by {one}",
        ),
        Subject(
            "HitRatio", "Low", "cache hit ratio", objectives.hit_ratio, Concern.HIT_RATIO,
            recorded.HIT_RATIO, recorded.LOOKUPS, recorded.TENANT_HIT_RATIO, recorded.TENANT_LOOKUPS,
            "humanizePercentage", Board.CACHE, "Hit ratio", f"Hit ratio by {one}",
        ),
    )  # fmt: skip


def objective_groups(deployment: Deployment) -> tuple[RuleGroup, ...]:
    """Return one group for each threshold: service, many tenants, single tenant, in that order."""
    return tuple(
        RuleGroup(
            f"{subject.concern.value.replace('_', '-')}",
            (_service(deployment, subject), _many(deployment, subject), _tenant(deployment, subject)),
        )
        for subject in subjects(deployment)
    )


def bound_text(threshold: Threshold) -> str:
    """Write the bound for people: `over 100 ms`, `under 70 %`."""
    number = f"{threshold.bound * 1000:g} ms" if threshold.unit == "s" else f"{threshold.bound * 100:g} %"
    return f"{'over' if threshold.above else 'under'} {number}"


def _broken(deployment: Deployment, threshold: Threshold, value: str, events: str, *matchers: str) -> str:
    operator = ">" if threshold.above else "<"
    windows = (value, recorded.shortly(value)) if threshold.short_s else (value,)
    broken = [f"{own(deployment, each, *matchers)} {operator} {threshold.bound:g}" for each in windows]
    return " and ".join((*broken, f"{own(deployment, events, *matchers)} >= {threshold.guard_rate:g}"))


def _guard(subject: Subject) -> str:
    events = "lookups" if subject.concern is Concern.HIT_RATIO else "requests"
    return f"under {subject.threshold.guard_rate:g} {events} a second"


def window_text(threshold: Threshold, for_s: float) -> str:
    """Write the bound with its window and its patience."""
    windows = duration(threshold.window_s)
    if threshold.short_s:
        windows += f" and over {duration(threshold.short_s)}"
    return f"{bound_text(threshold)}, measured over {windows}, for {duration(for_s)}"


def _tenant_broken(deployment: Deployment, subject: Subject) -> str:
    threshold = subject.threshold
    return _broken(deployment, threshold, subject.tenant, subject.tenant_events, AUTHENTICATED)


def _severity(subject: Subject) -> Severity:
    """A low hit ratio is a cause: it pages as latency or errors, where users feel it."""
    return Severity.TICKET if subject.concern is Concern.HIT_RATIO else Severity.PAGE


def _service(deployment: Deployment, subject: Subject) -> AlertRule:
    threshold = subject.threshold
    pick = "topk" if threshold.above else "bottomk"
    return AlertRule(
        name=f"Service{subject.word}{subject.state}",
        expr=_broken(deployment, threshold, subject.service, subject.service_events),
        severity=_severity(subject),
        concern=subject.concern,
        meaning=f"The {subject.what} of the whole service is {bound_text(threshold)}.",
        summary=f"{deployment.title}: {subject.what} {value_as(subject.value)}",
        value=subject.value,
        threshold=window_text(threshold, threshold.for_s),
        normal=threshold.normal,
        board=subject.board,
        panel=subject.panel,
        for_s=threshold.for_s,
        keep_firing_s=threshold.keep_firing_s * _SERVICE_KEEP,
        worst=Worst(f"{pick}(5, {_tenant_broken(deployment, subject)})", subject.value),
        guard=_guard(subject),
    )


def _many(deployment: Deployment, subject: Subject) -> AlertRule:
    threshold, limit = subject.threshold, deployment.objectives.limits.tenants_at_once
    naming = deployment.naming
    for_s = threshold.for_s + threshold.tenant_delay_s * _MANY_DELAY
    return AlertRule(
        name=f"ManyTenants{subject.word}{subject.state}",
        expr=f"count by (job) ({_tenant_broken(deployment, subject)}) > {limit}",
        severity=_severity(subject),
        concern=subject.concern,
        meaning=f"The {subject.what} of many {naming.plural} is {bound_text(threshold)} at the same time.",
        summary=f"{value_as('humanize')} {naming.plural} with {subject.what} {bound_text(threshold)}",
        value="humanize",
        threshold=f"more than {limit} {naming.plural} with {subject.what} {window_text(threshold, for_s)}",
        normal=f"no {naming.singular}",
        board=Board.TENANTS,
        panel=subject.tenant_panel,
        for_s=for_s,
        keep_firing_s=threshold.keep_firing_s * _MANY_KEEP,
        guard=f"{naming.plural} {_guard(subject)} do not count",
    )


def _tenant(deployment: Deployment, subject: Subject) -> AlertRule:
    threshold = subject.threshold
    for_s = threshold.for_s + threshold.tenant_delay_s
    return AlertRule(
        name=f"Tenant{subject.word}{subject.state}",
        expr=_tenant_broken(deployment, subject),
        severity=_severity(subject),
        concern=subject.concern,
        meaning=f"The {subject.what} of one {deployment.naming.singular} is {bound_text(threshold)}.",
        summary=f"{deployment.naming.heading} {TENANT}: {subject.what} {value_as(subject.value)}",
        value=subject.value,
        threshold=window_text(threshold, for_s),
        normal=threshold.normal,
        board=Board.TENANTS,
        panel=subject.tenant_panel,
        for_s=for_s,
        keep_firing_s=threshold.keep_firing_s,
        guard=_guard(subject),
    )
