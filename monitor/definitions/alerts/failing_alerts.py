"""More fails than not: told within three minutes, and bursts that come again are one page.

The thresholds of the objectives are patient, since few failures need time to mean something.
Where most of what users ask for fails, a short window says enough.
"""

from __future__ import annotations

from monitor.definitions import recorded
from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.queries import AUTHENTICATED
from monitor.definitions.recording_rules import own
from monitor.definitions.rules import TENANT, AlertRule, Board, Concern, RuleGroup, Severity, Worst, value_as
from monitor.objectives import SHORT_S

_VALUE = "humanizePercentage"


def failing_groups(deployment: Deployment) -> tuple[RuleGroup, ...]:
    """Return the alerts on requests that mostly fail: of the service, of a tenant."""
    return (RuleGroup("failing", (_service(deployment), _tenant(deployment))),)


def _failing(deployment: Deployment, ratio: str, requests: str, *matchers: str) -> str:
    bound, guard = deployment.objectives.failing.ratio, deployment.objectives.error_ratio.guard_rate
    value = own(deployment, recorded.shortly(ratio), *matchers)
    return f"{value} > {bound:g} and {own(deployment, requests, *matchers)} >= {guard:g}"


def _threshold(deployment: Deployment, for_s: float) -> str:
    share = deployment.objectives.failing.ratio * 100
    return f"over {share:g} %, measured over {duration(SHORT_S)}, for {duration(for_s)}"


def _service(deployment: Deployment) -> AlertRule:
    objectives = deployment.objectives
    worst = _failing(deployment, recorded.TENANT_ERROR_RATIO, recorded.TENANT_REQUESTS, AUTHENTICATED)
    return AlertRule(
        name="ServiceFailing",
        expr=_failing(deployment, recorded.ERROR_RATIO, recorded.REQUESTS),
        severity=Severity.PAGE,
        concern=Concern.ERRORS,
        meaning="Most requests of the whole service fail.",
        summary=f"{deployment.title}: {value_as(_VALUE)} of all requests fail",
        value=_VALUE,
        threshold=_threshold(deployment, objectives.failing.for_s),
        normal=objectives.error_ratio.normal,
        board=Board.SERVICE,
        panel="Error ratio",
        for_s=objectives.failing.for_s,
        keep_firing_s=objectives.failing.keep_firing_s,
        worst=Worst(f"topk(5, {worst})", _VALUE),
        guard=f"under {objectives.error_ratio.guard_rate:g} requests a second",
    )


def _tenant(deployment: Deployment) -> AlertRule:
    objectives, one = deployment.objectives, deployment.naming
    failing = objectives.failing
    for_s = failing.for_s + failing.tenant_delay_s
    return AlertRule(
        name="TenantFailing",
        expr=_failing(deployment, recorded.TENANT_ERROR_RATIO, recorded.TENANT_REQUESTS, AUTHENTICATED),
        severity=Severity.PAGE,
        concern=Concern.ERRORS,
        meaning=f"Most requests of one {one.singular} fail.",
        summary=f"{one.heading} {TENANT}: {value_as(_VALUE)} of its requests fail",
        value=_VALUE,
        threshold=_threshold(deployment, for_s),
        normal=objectives.error_ratio.normal,
        board=Board.TENANTS,
        panel=f"Error ratio by {one.singular}",
        for_s=for_s,
        keep_firing_s=failing.keep_firing_s - failing.tenant_delay_s * 10,
        guard=f"under {objectives.error_ratio.guard_rate:g} requests a second",
    )
