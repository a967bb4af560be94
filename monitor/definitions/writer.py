"""Writes the definitions as files, the same bytes for the same objectives."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from monitor.definitions.alert_rules import alert_files
from monitor.definitions.alertmanager import alertmanager
from monitor.definitions.dashboards.all_dashboards import all_dashboards
from monitor.definitions.deployment import Deployment
from monitor.definitions.kubernetes import prometheus_rule
from monitor.definitions.mixin import mixin
from monitor.definitions.openslo import openslo
from monitor.definitions.receivers import Environment
from monitor.definitions.recording_rules import recording_files
from monitor.definitions.rules import rule_file
from monitor.definitions.runbooks import EMPTY_PAGE, alert_table, alerts_by_name, runbook, with_facts

_HEADER = "# Written by `python -m monitor.definitions`; change monitor/definitions instead.\n"
_WIDE = 10_000  # queries stay on one line


def definitions(
    deployment: Deployment, environments: tuple[Environment, ...] | None = None
) -> dict[str, str]:
    """Return every generated file: path relative to the root, and its text.

    Args:
        deployment: The service.
        environments: Who hears what; the deployment's where none are given.
    """
    rules = recording_files(deployment) | alert_files(deployment)
    groups = tuple(group for chosen in rules.values() for group in chosen)
    files = {
        f"alerts/rules/{name}.yml": to_yaml(rule_file(chosen, deployment)) for name, chosen in rules.items()
    }
    files |= {
        f"alerts/alertmanager/{environment.name}.yml": to_yaml(alertmanager(environment, deployment))
        for environment in (deployment.environments if environments is None else environments)
    }
    files[f"alerts/alertmanager/templates/{deployment.slug}.tmpl"] = message_template(deployment)
    boards = all_dashboards(deployment)
    files |= {f"dashboards/{name}.json": to_json(board) for name, board in boards.items()}
    files["alerts/mixin/mixin.libsonnet"] = mixin(deployment, rules, boards)
    files["alerts/openslo/objectives.yaml"] = to_yaml(*openslo(deployment))
    files["alerts/kubernetes/prometheusrule.yaml"] = to_yaml(prometheus_rule(groups, deployment))
    return files


def documents(deployment: Deployment, root: Path) -> dict[str, str]:
    """Return the documents below `root` with their written parts: runbooks and the alerts' page."""
    files = {}
    for name, rules in alerts_by_name(deployment).items():
        path = f"docs/runbooks/{name}.md"
        written = (root / path).read_text() if (root / path).exists() else ""
        files[path] = runbook(name, rules, deployment, written)
    page = root / "docs/alerts.md"
    text = page.read_text() if page.exists() else EMPTY_PAGE
    files["docs/alerts.md"] = with_facts(text, alert_table(deployment))
    return files


def to_yaml(*documents: dict[str, Any]) -> str:
    """Write YAML in the order of the documents, without anchors, under the generated header."""
    text: str = yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, width=_WIDE, allow_unicode=True, default_flow_style=False
    )
    return _HEADER + text


def to_json(document: dict[str, Any]) -> str:
    """Write JSON in the order of the document."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def message_template(deployment: Deployment) -> str:
    """Return the templates of messages."""
    file = resources.files("monitor.definitions").joinpath("templates/messages.tmpl")
    text: str = deployment.filled(file.read_text())
    return text


def write(files: dict[str, str], root: Path) -> None:
    """Write the files below `root`."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return True
