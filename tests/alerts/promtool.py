"""Runs alert scenarios through promtool, against the very files that Prometheus loads."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from app.definitions import DEPLOYMENT
from monitor.definitions.alert_rules import all_alerts
from monitor.definitions.rules import AlertRule
from tests.alerts.traffic import Series
from tests.binaries import ROOT

RULES = ROOT / "alerts" / "rules"


@dataclass(frozen=True)
class Firing:
    """What a page must say at a time.

    Attributes:
        at: When, such as `12m`.
        labels: The alert's labels beyond job, severity, concern and the rule's own.
        value: The value as written on the page; empty where there is none. None: not told, because
            it depends on the Prometheus release (ranges are left-open since 3.0).
        worst: The tenants it names.
    """

    at: str
    value: str | None = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    worst: str = ""


@dataclass(frozen=True)
class Scenario:
    """One story of one alert.

    Attributes:
        alert: The alert's name.
        story: What happens, in a sentence.
        series: What Prometheus scraped.
        firing: What must fire, and what it says.
        silent: When nothing may fire.
        step: Distance of the samples, and of the evaluations.
        lasts: End of the story, for the check that nothing fires in all of it.
        window: The rule of that label `window`, where several share the name.
    """

    alert: str
    story: str
    series: Series
    firing: tuple[Firing, ...] = ()
    silent: tuple[str, ...] = ()
    step: str = "15s"
    lasts: str = "2h"
    window: str = ""

    @property
    def resolves(self) -> bool:
        """Whether it is silent again after it fired."""
        return bool(self.firing) and any(
            seconds(at) > max(seconds(firing.at) for firing in self.firing) for at in self.silent
        )


def seconds(text: str) -> int:
    """Read a Prometheus duration such as `1h30m`."""
    units = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([dhms])", text))


def rules_of(name: str) -> list[AlertRule]:
    """Return the rules of an alert's name."""
    return [alert for alert in all_alerts(DEPLOYMENT) if alert.name == name]


def run(promtool: Path, scenarios: Sequence[Scenario], files: Sequence[str], folder: Path) -> str:
    """Return promtool's complaints about the scenarios on those rule files; empty when all hold."""
    complaints = ""
    for step in sorted({scenario.step for scenario in scenarios}):
        chosen = [scenario for scenario in scenarios if scenario.step == step]
        document = {
            "rule_files": [str(RULES / f"{name}.yml") for name in files],
            "evaluation_interval": step,
            "tests": [_test(scenario) for scenario in chosen],
        }
        complaints += check(promtool, document, folder)
    return complaints


def check(promtool: Path, document: Mapping[str, Any], folder: Path) -> str:
    """Run one promtool test document; return its complaints."""
    path = folder / "test.yml"
    path.write_text(yaml.safe_dump(dict(document), sort_keys=False))
    done = subprocess.run(
        [promtool, "test", "rules", path], capture_output=True, text=True, check=False, timeout=300
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _test(scenario: Scenario) -> dict[str, Any]:
    rule_tests = [
        {"eval_time": firing.at, "alertname": scenario.alert, "exp_alerts": [_expected(scenario, firing)]}
        for firing in scenario.firing
        if firing.value is not None
    ]
    rule_tests += [{"eval_time": at, "alertname": scenario.alert, "exp_alerts": []} for at in scenario.silent]
    queried = [_fired(scenario, firing.at) for firing in scenario.firing if firing.value is None]
    return {
        "name": f"{scenario.alert}: {scenario.story}",
        "interval": scenario.step,
        "input_series": [{"series": name, "values": values} for name, values in scenario.series.items()],
        "alert_rule_test": rule_tests,
        "promql_expr_test": queried or ([] if scenario.firing else [_never(scenario)]),
    }


def _fired(scenario: Scenario, at: str) -> dict[str, Any]:
    fired = f'ALERTS{{alertname="{scenario.alert}", alertstate="firing"}}'
    return {"expr": f"count({fired})", "eval_time": at, "exp_samples": [{"labels": "{}", "value": 1}]}


def _never(scenario: Scenario) -> dict[str, Any]:
    fired = f'ALERTS{{alertname="{scenario.alert}", alertstate="firing"}}'
    return {
        "expr": f"count_over_time({fired}[{scenario.lasts}])",
        "eval_time": scenario.lasts,
        "exp_samples": [],
    }


def _expected(scenario: Scenario, firing: Firing) -> dict[str, Any]:
    """Render the rule's own texts with the value that the scenario expects."""
    (rule,) = (rule for rule in rules_of(scenario.alert) if rule.labels.get("window", "") == scenario.window)
    document = rule.document(DEPLOYMENT)
    labels = {"job": DEPLOYMENT.job, **document["labels"], **firing.labels}
    annotations = {name: _filled(text, firing) for name, text in document["annotations"].items()}
    if "worst" in annotations:
        annotations["worst"] = firing.worst
    return {"exp_labels": labels, "exp_annotations": annotations}


def _filled(text: str, firing: Firing) -> str:
    text = re.sub(r"\{\{ \$value \| [^}]+ \}\}", firing.value or "", text)
    return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: firing.labels[match[1]], text)
