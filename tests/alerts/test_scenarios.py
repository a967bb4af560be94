"""Every alert, in stories: it fires, it stays silent, it is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.definitions import DEPLOYMENT
from monitor.definitions.alert_rules import all_alerts
from tests.alerts.promtool import RULES, Scenario, run
from tests.alerts.scenarios import burn_rates, cache, database, objectives, presence, telemetry
from tests.binaries import need

STORIES: dict[str, tuple[list[Scenario], tuple[str, ...]]] = {
    "errors": (objectives.ERRORS, ("recorded_service", "recorded_tenants", "objectives")),
    "latency": (objectives.LATENCY, ("recorded_service", "recorded_tenants", "objectives")),
    "hit_ratio": (objectives.HIT_RATIO, ("recorded_cache", "objectives")),
    "quiet": (objectives.QUIET, ("recorded_low_volume", "objectives")),
    "burn_rates": (
        burn_rates.SCENARIOS,
        ("recorded_service", "recorded_budgets", "recorded_tenants", "burn_rates"),
    ),
    "presence": (presence.SCENARIOS, ("recorded_service", "presence")),
    "cache": (cache.SCENARIOS, ("cache",)),
    "database": (database.SCENARIOS, ("database",)),
    "telemetry": (telemetry.SCENARIOS, ("telemetry",)),
}
EVERY = [scenario for scenarios, _ in STORIES.values() for scenario in scenarios]
NAMES = sorted({alert.name for alert in all_alerts(DEPLOYMENT)})

pytestmark = pytest.mark.prometheus


@pytest.mark.parametrize("newer", [False, True], ids=["installed", "newer"])
@pytest.mark.parametrize("stories", STORIES)
def test_every_story_ends_as_told(stories: str, newer: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a pytest parameter
    """Promtool finds every alert firing and silent when the story says so, with the page's exact words."""
    promtool = need("promtool", newer=newer)

    complaints = run(promtool, *STORIES[stories], tmp_path)

    assert not complaints, complaints


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_has_its_three_stories(name: str) -> None:
    """No alert lacks a story in which it fires, one in which it never does, and one in which it is over."""
    stories = [scenario for scenario in EVERY if scenario.alert == name]

    assert any(scenario.firing for scenario in stories)
    if name == "Watchdog":
        return
    assert any(not scenario.firing for scenario in stories)
    assert any(scenario.resolves for scenario in stories)


def test_stories_are_of_alerts_that_exist() -> None:
    """A story whose alert was renamed or removed is noticed."""
    assert {scenario.alert for scenario in EVERY} == set(NAMES)


def test_every_rule_file_is_told_of() -> None:
    """The stories run on the files that Prometheus loads, all but the quantiles, which alert nobody."""
    told = {name for _, files in STORIES.values() for name in files}

    assert told == {path.stem for path in RULES.glob("*.yml")} - {"recorded_quantiles"}
