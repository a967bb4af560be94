"""How long each part of a drill may take: what the rules and routes ask for, and some to spare."""

from __future__ import annotations

from dataclasses import dataclass

from app.drill.scenarios import Scenario
from monitor.definitions.alert_rules import all_alerts
from monitor.definitions.alertmanager import (
    GROUP_INTERVAL_S,
    GROUP_WAIT_S,
    TICKET_INTERVAL_S,
    TICKET_WAIT_S,
)
from monitor.definitions.deployment import Deployment
from monitor.definitions.rules import Severity

_SPARE = 1.5
_MACHINE_S = 30.0  # what a busy machine may add, whatever the pace


@dataclass(frozen=True, slots=True)
class DrillLimits:
    """Bounds of one round, in seconds.

    Attributes:
        well_s: Until the service is seen to be well.
        fire_s: From the fault to the alert.
        page_s: From the alert to the message.
        resolve_s: From the end of the fault to the message that it is over.
        after_s: How much longer to listen for what should not come.
        poll_s: Between two looks.
    """

    well_s: float
    fire_s: float
    page_s: float
    resolve_s: float
    after_s: float
    poll_s: float


def limits_of(fault: Scenario, deployment: Deployment) -> DrillLimits:
    """Return the bounds of a fault's round at the pace of a deployment."""
    rule = next(alert for alert in all_alerts(deployment) if alert.name == fault.alert)
    ticket = rule.severity is Severity.TICKET
    wait = TICKET_WAIT_S if ticket else GROUP_WAIT_S
    interval = TICKET_INTERVAL_S if ticket else GROUP_INTERVAL_S
    window = max(threshold.window_s for threshold in deployment.objectives.thresholds)

    def at_most(*nominal: float) -> float:
        return sum(map(deployment.per_window, nominal)) * _SPARE + _MACHINE_S

    return DrillLimits(
        well_s=at_most(window, window, rule.keep_firing_s),
        fire_s=at_most(window, rule.for_s),
        page_s=at_most(wait, interval),
        resolve_s=at_most(window, rule.keep_firing_s, interval),
        after_s=deployment.per_window(2 * wait),
        poll_s=min(5.0, max(0.1, deployment.per_window(15.0) / 8)),
    )
