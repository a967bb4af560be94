"""Every alert of the service, in the groups that Prometheus evaluates."""

from __future__ import annotations

from monitor.definitions.alerts.burn_rate_alerts import burn_rate_groups
from monitor.definitions.alerts.cache_alerts import cache_groups
from monitor.definitions.alerts.database_alerts import database_groups
from monitor.definitions.alerts.failing_alerts import failing_groups
from monitor.definitions.alerts.objective_alerts import objective_groups
from monitor.definitions.alerts.presence_alerts import presence_groups
from monitor.definitions.alerts.quiet_tenant_alerts import quiet_tenant_groups
from monitor.definitions.alerts.telemetry_alerts import telemetry_groups
from monitor.definitions.deployment import Deployment
from monitor.definitions.rules import AlertRule, RuleGroup


def alert_files(deployment: Deployment) -> dict[str, tuple[RuleGroup, ...]]:
    """Return the groups by the file they are written to."""
    return {
        "presence": presence_groups(deployment),
        "objectives": (
            *objective_groups(deployment),
            *failing_groups(deployment),
            *quiet_tenant_groups(deployment),
        ),
        "burn_rates": burn_rate_groups(deployment),
        "cache": cache_groups(deployment),
        "database": database_groups(deployment),
        "telemetry": telemetry_groups(deployment),
    }


def all_alerts(deployment: Deployment) -> tuple[AlertRule, ...]:
    """Return every alert; those of one name follow each other."""
    return tuple(
        alert for groups in alert_files(deployment).values() for group in groups for alert in group.alerts
    )
