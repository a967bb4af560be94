"""What every alert must carry, whatever it watches."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.definitions import DEPLOYMENT
from monitor.definitions.alert_rules import all_alerts
from monitor.definitions.alerts.objective_alerts import subjects
from monitor.definitions.deployment import duration
from monitor.definitions.queries import quoted_regex
from monitor.definitions.rules import AlertRule, Concern, Severity
from monitor.objectives import Objectives, Threshold
from monitor.route_set import RouteSet
from tests.alerts.promtool import seconds

ALERTS = all_alerts(DEPLOYMENT)
_BURST_S = 45
BY_ALERT = pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])


@BY_ALERT
def test_a_page_can_be_read_without_knowing_the_service(alert: AlertRule) -> None:
    """Each alert says what it means, the bound, what is normal, and where to look and read on."""
    annotations = alert.document(DEPLOYMENT)["annotations"]

    assert {"summary", "description", "threshold", "normal", "runbook_url", "dashboard_url"} <= set(
        annotations
    )
    assert annotations["description"].endswith(".")
    assert alert.name not in annotations["summary"]


@BY_ALERT
def test_a_tenants_alert_links_to_the_tenants_dashboard(alert: AlertRule) -> None:
    """The dashboard opens with the clinic chosen."""
    url = alert.document(DEPLOYMENT)["annotations"]["dashboard_url"]

    assert f"/d/taskmed-{alert.board}?var-job=taskmed" in url
    assert ("$labels.tenant" in alert.summary) == ("&var-tenant={{ $labels.tenant }}" in url)


@BY_ALERT
def test_the_severity_is_not_in_the_name(alert: AlertRule) -> None:
    """Names are CamelCase and survive a change of severity."""
    assert re.fullmatch(r"([A-Z][a-z]+)+", alert.name)
    assert not re.search("page|ticket|critical|warning", alert.name, re.IGNORECASE)


@BY_ALERT
def test_an_alert_compares_something(alert: AlertRule) -> None:
    """An expression without a bound would fire on any value (pint: alerts/comparison)."""
    assert re.search(r"[<>=]=? ?[\d.]+|absent\(|vector\(1\)", alert.expr)


@BY_ALERT
def test_what_happened_once_is_no_page(alert: AlertRule) -> None:
    """Forty-five seconds in which everything fails are over before any page's patience ends.

    A share of failures crosses its bound once that much of the window has failed, and goes back
    under it when no more than that is left in it.
    """
    if alert.concern is not Concern.ERRORS or "measured over" not in alert.threshold:
        return
    window = seconds(alert.threshold.split(", for ")[0].rpartition("over ")[2])
    bound = float(re.findall(r"over ([\d.]+) %", alert.threshold)[0]) / 100
    if alert.severity is Severity.PAGE:
        assert _BURST_S + window - 2 * bound * window < alert.for_s


@pytest.mark.parametrize("threshold", Objectives().thresholds, ids=lambda threshold: threshold.name)
def test_the_three_thresholds_reach_their_rules(threshold: Threshold) -> None:
    """Another bound in the objectives is another bound in the rules: it has no second home."""
    levels = ("Service", "ManyTenants", "Tenant")
    (subject,) = (each for each in subjects(DEPLOYMENT) if each.threshold == threshold)
    rules = [
        alert
        for alert in ALERTS
        if alert.name in {f"{level}{subject.word}{subject.state}" for level in levels}
    ]

    assert len(rules) == len(levels)
    assert all(f" {'>' if threshold.above else '<'} {threshold.bound:g} and" in rule.expr for rule in rules)
    assert all(duration(threshold.window_s) in rule.threshold for rule in rules)


def test_the_pace_shortens_every_window() -> None:
    """A test profile keeps the rules and their names, and shortens only times."""
    hurried = replace(DEPLOYMENT, pace=1 / 60)
    fast = all_alerts(hurried)

    assert [alert.name for alert in fast] == [alert.name for alert in ALERTS]
    assert {rule.document(hurried).get("for") for rule in fast if rule.name == "TenantErrorsHigh"} == {"7s"}


@pytest.mark.parametrize("route", ["/metrics", "/api/health/ready", "/console/events", "/api/stress/fault"])
def test_the_rules_leave_out_what_health_and_console_leave_out(route: str) -> None:
    """One list says what no tenant asks for: as patterns of PromQL, and as a set of routes."""
    objectives = DEPLOYMENT.objectives

    assert re.fullmatch(quoted_regex(objectives.uncounted), route)
    assert route in RouteSet(objectives.uncounted)
    assert "/api/contacts" not in RouteSet(objectives.uncounted)
