"""A quiet tenant's lasting failure: too few requests for a page, too long for silence."""

from __future__ import annotations

from monitor.definitions import recorded
from monitor.definitions.alerts.objective_alerts import Subject, bound_text, subjects
from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.queries import AUTHENTICATED
from monitor.definitions.recording_rules import mean_over, own
from monitor.definitions.rules import TENANT, AlertRule, Board, RuleGroup, Severity, value_as


def quiet_tenant_groups(deployment: Deployment) -> tuple[RuleGroup, ...]:
    """Return the tickets for tenants with few requests.

    There is none on the hit ratio: with few requests entries expire before they are asked
    for again, which harms nobody.
    """
    return (RuleGroup("quiet-tenants", _low_volume(deployment)),)


def _low_volume(deployment: Deployment) -> tuple[AlertRule, ...]:
    errors, latency, _ = subjects(deployment)
    bound = deployment.objectives.low_volume
    failed = [
        f"{own(deployment, recorded.over(recorded.TENANT_ERRORS, window), AUTHENTICATED)}"
        f" * {deployment.per_window(window_s):g} >= {bound.min_errors}"
        for window_s, window in _windows(deployment)
    ]
    asked = [
        f"{own(deployment, recorded.over(recorded.TENANT_REQUESTS, window), AUTHENTICATED)}"
        f" * {deployment.per_window(window_s):g} >= {bound.min_requests}"
        for window_s, window in _windows(deployment)
    ]
    ratios = [recorded.over(recorded.TENANT_ERROR_RATIO, window) for _, window in _windows(deployment)]
    means = [mean_over(window) for _, window in _windows(deployment)]
    whole = duration(bound.all_failed_s)
    few = f"fewer than {bound.min_errors} failed requests, unless every one in {whole} failed"
    return (
        _quiet(deployment, errors, ratios, failed, few, _all_failed(deployment)),
        _quiet(deployment, latency, means, asked, f"fewer than {bound.min_requests} requests"),
    )


def _all_failed(deployment: Deployment) -> str:
    """Ask for tenants of whom nothing succeeded: one request in hours says enough when it failed."""
    window = duration(deployment.objectives.low_volume.all_failed_s)
    ratio = own(deployment, recorded.over(recorded.TENANT_ERROR_RATIO, window), AUTHENTICATED)
    busy = own(deployment, recorded.over(recorded.TENANT_REQUESTS, window), AUTHENTICATED)
    return f"({ratio} >= 1 and {busy} < {deployment.objectives.error_ratio.guard_rate:g})"


def _windows(deployment: Deployment) -> tuple[tuple[float, str], ...]:
    return tuple((seconds, duration(seconds)) for seconds in deployment.objectives.low_volume.windows_s)


def _quiet(
    deployment: Deployment,
    subject: Subject,
    values: list[str],
    enough: list[str],
    guard: str,
    *more: str,
) -> AlertRule:
    threshold, bound = subject.threshold, deployment.objectives.low_volume
    parts = [
        f"({own(deployment, value, AUTHENTICATED)} > {threshold.bound:g} and {events} and "
        f"{own(deployment, recorded.over(recorded.TENANT_REQUESTS, window), AUTHENTICATED)}"
        f" < {threshold.guard_rate:g})"
        for value, events, (_, window) in zip(values, enough, _windows(deployment), strict=True)
    ]
    windows = " or ".join(window for _, window in _windows(deployment))
    return AlertRule(
        name=f"QuietTenant{subject.word}{subject.state}",
        expr=" or ".join((*parts, *more)),
        severity=Severity.TICKET,
        concern=subject.concern,
        meaning=(
            f"The {subject.what} of {deployment.naming.a_tenant} with few requests has long been"
            f" {bound_text(threshold)}."
        ),
        summary=(f"Quiet {deployment.naming.singular} {TENANT}: {subject.what} {value_as(subject.value)}"),
        value=subject.value,
        threshold=f"{bound_text(threshold)}, measured over {windows}, for {duration(bound.for_s)}",
        normal=threshold.normal,
        board=Board.TENANTS,
        panel=subject.tenant_panel,
        for_s=bound.for_s,
        guard=f"{guard}, or {threshold.guard_rate:g} requests a second and more (then it pages)",
    )
