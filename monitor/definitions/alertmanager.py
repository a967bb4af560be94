"""Alertmanager's configuration: who hears what, how often, and what mutes what."""

from __future__ import annotations

from typing import Any

from monitor.definitions.deployment import Deployment
from monitor.definitions.inhibition import INHIBITIONS
from monitor.definitions.receivers import Environment, Integration
from monitor.definitions.rules import Severity

# At least one evaluation, so that a source in another group has arrived before its targets are sent.
GROUP_WAIT_S = 30.0
GROUP_INTERVAL_S = 300.0
# No multiple of the group interval: a repeat due exactly at a flush is late by one (alertmanager #1193).
_REPEAT_S = 4 * 3_600.0 + 60.0
TICKET_WAIT_S, TICKET_INTERVAL_S, TICKET_REPEAT_S = 120.0, 900.0, 24 * 3_600.0 + 60.0
_WATCHDOG_WAIT_S, _WATCHDOG_INTERVAL_S, _WATCHDOG_REPEAT_S = 1.0, 60.0, 90.0


def alertmanager(environment: Environment, deployment: Deployment) -> dict[str, Any]:
    """Return the configuration of one environment."""
    settings = {"global": dict(environment.settings)} if environment.settings else {}
    return settings | {
        "templates": ["templates/*.tmpl"],
        "route": _route(environment, deployment),
        "inhibit_rules": [inhibition.document(deployment) for inhibition in INHIBITIONS],
        "receivers": deployment.filled(_receivers(environment)),
    }


def _receivers(environment: Environment) -> list[dict[str, Any]]:
    receivers: dict[str, Integration] = {
        "page": environment.page,
        "ticket": environment.ticket,
        "info": environment.info,
        "watchdog": environment.watchdog,
        **{escalation.name: escalation.receiver for escalation in environment.escalations},
    }
    return [{"name": name, **integration} for name, integration in receivers.items()]


def _route(environment: Environment, deployment: Deployment) -> dict[str, Any]:
    """Route by severity; a page of a tenant with people of its own goes to both."""
    span = deployment.span
    escalated = [
        {
            "receiver": escalation.name,
            "matchers": [_severity(Severity.PAGE), f'tenant=~"{"|".join(map(str, escalation.tenants))}"'],
            "continue": True,
        }
        for escalation in environment.escalations
    ]
    page = {"receiver": "page", "matchers": [_severity(Severity.PAGE)]}
    info = {
        "receiver": "info",
        "matchers": [_severity(Severity.INFO)],
        "group_by": ["job", "alertname"],
    }
    watchdog = {
        "receiver": "watchdog",
        "matchers": [_severity(Severity.NONE)],
        "group_wait": span(_WATCHDOG_WAIT_S),
        "group_interval": span(_WATCHDOG_INTERVAL_S),
        "repeat_interval": span(_WATCHDOG_REPEAT_S),
    }
    ticket = {
        "receiver": "ticket",
        "matchers": [_severity(Severity.TICKET)],
        "group_by": ["job", "alertname"],
        "group_wait": span(TICKET_WAIT_S),
        "group_interval": span(TICKET_INTERVAL_S),
        "repeat_interval": span(TICKET_REPEAT_S),
    }
    # What carries no known severity is a page: an alert that nobody routed must not be lost.
    return {
        "receiver": "page",
        "group_by": ["job", "concern", "tenant"],
        "group_wait": span(GROUP_WAIT_S),
        "group_interval": span(GROUP_INTERVAL_S),
        "repeat_interval": span(_REPEAT_S),
        "routes": [watchdog, *escalated, page, ticket, info],
    }


def _severity(severity: Severity) -> str:
    return f'severity="{severity}"'
