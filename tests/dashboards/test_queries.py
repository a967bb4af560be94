"""Every query parses, and names only metrics and labels that the service exposes or the rules record."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from app.definitions import DEPLOYMENT
from monitor.definitions.alert_rules import alert_files, all_alerts
from monitor.definitions.recording_rules import recording_files
from monitor.definitions.rules import AlertRule, RecordingRule
from monitor.metrics.catalogue import CATALOGUE, Kind
from tests.binaries import need
from tests.dashboards.boards import BOARDS, filled, queries
from tests.dashboards.promql import grouped_by, selectors

# Standard names of every Python process, which people look for by hand.
BY_HAND = {
    "process_virtual_memory_bytes",
    "python_gc_objects_collected_total",
    "python_gc_objects_uncollectable_total",
}
SCRAPED = {"job", "instance"}
_GROUPS = [
    group
    for files in (recording_files(DEPLOYMENT), alert_files(DEPLOYMENT))
    for groups in files.values()
    for group in groups
]
RECORDED = {rule.record: rule for group in _GROUPS for rule in group.rules if isinstance(rule, RecordingRule)}


def _exposed() -> dict[str, set[str]]:
    """Return the labels of every series: exposed, recorded, or Prometheus' own."""
    series = {
        "up": SCRAPED,
        "scrape_duration_seconds": SCRAPED,
        "scrape_samples_scraped": SCRAPED,
        "ALERTS": {"job", "alertname", "alertstate", "severity", "concern", "tenant", "instance", "domain"},
    }
    for metric in CATALOGUE:
        labels = {*metric.labels, *SCRAPED}
        if metric.kind is Kind.HISTOGRAM:
            series |= {f"{metric.name}_{part}": labels for part in ("sum", "count")}
            series[f"{metric.name}_bucket"] = {*labels, "le"}
        else:
            series[f"{metric.name}_info" if metric.kind is Kind.INFO else metric.name] = labels
    return series | {name: set(name.partition(":")[0].split("_")) for name in RECORDED}


EXPOSED = _exposed()
ASKED = {
    **dict(queries()),
    **{f"rule {rule.record}": rule.expr for rule in RECORDED.values()},
    **{f"alert {alert.name} {alert.labels}": alert.expr for alert in all_alerts(DEPLOYMENT)},
    **{f"worst of {alert.name}": alert.worst.query for alert in all_alerts(DEPLOYMENT) if alert.worst},
    **{
        f"{name}: variable {variable['name']}": variable["query"]["query"]
        .removeprefix("label_values(")
        .rpartition(",")[0]
        for name, board in BOARDS.items()
        for variable in board["templating"]["list"]
        if variable["type"] == "query"
    },
}
BY_QUERY = pytest.mark.parametrize("where", ASKED)


@pytest.mark.prometheus
@pytest.mark.parametrize("newer", [False, True], ids=["installed", "newer"])
def test_every_query_parses(newer: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a pytest parameter
    """Promtool reads each query of each dashboard as it would a rule."""
    rules = [
        {"record": f"query_{number}", "expr": filled(expr)} for number, expr in enumerate(ASKED.values())
    ]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))

    done = subprocess.run(
        [need("promtool", newer=newer), "check", "rules", path], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@BY_QUERY
def test_every_metric_exists(where: str) -> None:
    """No query names a metric that the catalogue or the recording rules do not have."""
    assert {selector.name for selector in selectors(ASKED[where])} <= set(EXPOSED) | {"vector"}


@BY_QUERY
def test_every_label_exists(where: str) -> None:
    """No selector matches on a label that its metric does not have, and no grouping on one that none has."""
    found = selectors(ASKED[where])
    for selector in found:
        assert selector.labels <= EXPOSED[selector.name], selector
    known = {label for selector in found for label in EXPOSED[selector.name]}
    assert grouped_by(ASKED[where]) <= known


def test_every_recorded_series_is_read() -> None:
    """A recording rule that no alert, dashboard or other rule reads costs for nothing."""
    read = {selector.name for expr in ASKED.values() for selector in selectors(expr)}

    assert set(RECORDED) <= read


def test_every_metric_is_shown() -> None:
    """A metric that no dashboard and no rule reads would be collected for nothing."""
    shown = {selector.name for expr in ASKED.values() for selector in selectors(expr)}
    silent = {
        metric.name
        for metric in CATALOGUE
        if not shown
        & {metric.name, *(f"{metric.name}_{part}" for part in ("info", "bucket", "sum", "count"))}
    }

    assert silent == BY_HAND


@pytest.mark.parametrize("alert", all_alerts(DEPLOYMENT), ids=lambda alert: alert.name)
def test_every_alerts_panel_is_there(alert: AlertRule) -> None:
    """The dashboard that an alert links to has the panel that shows its value."""
    (board,) = (board for board in BOARDS.values() if board["uid"] == DEPLOYMENT.uid(alert.board))
    assert alert.panel in [panel["title"] for panel in board["panels"]]
