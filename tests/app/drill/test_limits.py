"""A drill waits as long as rules and routes may take, and no longer than it must."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from app.definitions import DEPLOYMENT
from app.drill.chain import SHORT
from app.drill.limits import limits_of
from app.drill.scenarios import FAULTS, Scenario
from monitor.definitions.alert_rules import all_alerts

EVERY = pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
PRODUCTION = DEPLOYMENT


@EVERY
def test_it_waits_for_the_slowest_that_is_right(fault: Scenario) -> None:
    """Longer than the window and the patience of the rule; an end longer than the rule keeps firing."""
    (rule,) = [alert for alert in all_alerts(PRODUCTION) if alert.name == fault.alert]
    limits = limits_of(fault, PRODUCTION)
    assert limits.fire_s > rule.for_s + 600
    assert limits.resolve_s > rule.keep_firing_s + 600 + 300
    assert limits.page_s > 30


@EVERY
def test_a_short_profile_is_bounded_in_minutes(fault: Scenario) -> None:
    """At an hour a minute a whole round ends within six minutes whatever happens."""
    limits = limits_of(fault, SHORT)
    assert sum(astuple(limits)) < 360
    assert limits.poll_s <= 0.25


def test_a_ticket_is_waited_for_longer() -> None:
    """Tickets are collected before they are sent."""
    ticket, page = (limits_of(FAULTS[name], PRODUCTION) for name in ("redis-down", "service-down"))
    assert ticket.page_s > page.page_s
