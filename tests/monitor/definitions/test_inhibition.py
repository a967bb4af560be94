"""What mutes what: a cause comes before its symptoms and ends after them; nothing is lost in a circle."""

from __future__ import annotations

import graphlib
import itertools

import pytest

from app.definitions import DEPLOYMENT
from monitor.definitions.alert_rules import alert_files, all_alerts
from monitor.definitions.inhibition import INHIBITIONS, TICKETS_OVER_PAGES, Inhibition
from monitor.definitions.rules import AlertRule, Severity

ALERTS = all_alerts(DEPLOYMENT)
PAIRS = [
    (source, target, inhibition)
    for inhibition in INHIBITIONS
    for source, target in itertools.product(ALERTS, ALERTS)
    if source.name in inhibition.sources and target.name in inhibition.targets
]
BY_PAIR = pytest.mark.parametrize(
    ("source", "target", "inhibition"),
    PAIRS,
    ids=[f"{source.name}-{target.name}" for source, target, _ in PAIRS],
)


def test_every_name_is_an_alert() -> None:
    """A renamed alert does not silently stop muting or being muted."""
    named = {name for inhibition in INHIBITIONS for name in (*inhibition.sources, *inhibition.targets)}

    assert named <= {alert.name for alert in ALERTS}


def test_no_two_alerts_mute_each_other() -> None:
    """Alertmanager mutes by muted sources too, so a circle would silence all of it."""
    graph: dict[str, set[str]] = {}
    for source, target, _ in PAIRS:
        graph.setdefault(target.name, set()).add(source.name)

    assert list(graphlib.TopologicalSorter(graph).static_order())


@BY_PAIR
def test_a_source_fires_first_and_ends_last(
    source: AlertRule, target: AlertRule, inhibition: Inhibition
) -> None:
    """Else the targets page at the onset or at the recovery of the very fault that mutes them."""
    assert source.for_s < target.for_s
    assert source.keep_firing_s > target.keep_firing_s


@BY_PAIR
def test_only_a_page_takes_the_place_of_a_page(
    source: AlertRule, target: AlertRule, inhibition: Inhibition
) -> None:
    """A ticket that mutes a page is an exception with a reason."""
    if target.severity is Severity.PAGE and source.severity is not Severity.PAGE:
        assert source.name in TICKETS_OVER_PAGES


@BY_PAIR
def test_both_carry_the_labels_that_must_be_equal(
    source: AlertRule, target: AlertRule, inhibition: Inhibition
) -> None:
    """A label that one of them lacks would never be equal, or always."""
    for label in set(inhibition.equal) - {"job"}:
        assert f"{{{{ $labels.{label} }}}}" in source.summary
        assert f"{{{{ $labels.{label} }}}}" in target.summary


def test_a_source_stands_before_its_targets() -> None:
    """Within a group rules are evaluated in order, so the source reaches Alertmanager first."""
    groups = [group for chosen in alert_files(DEPLOYMENT).values() for group in chosen]
    for source, target, _ in PAIRS:
        for group in groups:
            if source in group.alerts and target in group.alerts:
                assert group.alerts.index(source) < group.alerts.index(target)
