"""Rules and dashboards as a jsonnet mixin (monitoring.mixins.dev), to be vendored with jsonnet-bundler."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from monitor.definitions.dashboards.panel import Json
from monitor.definitions.deployment import Deployment
from monitor.definitions.rules import RuleGroup

_HEADER = "// Written by `python -m monitor.definitions`; change monitor/definitions instead.\n"
_BOARDS = "../../dashboards"


def mixin(deployment: Deployment, rules: Mapping[str, tuple[RuleGroup, ...]], boards: Iterable[str]) -> str:
    """Return `mixin.libsonnet`: the fields that every consumer of mixins knows, each to be added to.

    Args:
        deployment: The service.
        rules: Every group, by the file it is written to.
        boards: Names of the dashboards' files, which it imports from where they are written.
    """
    groups = [group for chosen in rules.values() for group in chosen]
    recorded = [group.document(deployment) for group in groups if not group.alerts]
    alerts = [group.document(deployment) for group in groups if group.alerts]
    imports = "\n".join(f"    {_text(f'{name}.json')}: import '{_BOARDS}/{name}.json'," for name in boards)
    return (
        f"{_HEADER}{{\n"
        f"  grafanaDashboardFolder:: {_text(deployment.title)},\n"
        f"  grafanaDashboards+:: {{\n{imports}\n  }},\n"
        f"  prometheusRules+:: {{ groups+: {_indented(recorded)} }},\n"
        f"  prometheusAlerts+:: {{ groups+: {_indented(alerts)} }},\n"
        "}\n"
    )


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _indented(value: list[Json]) -> str:
    # JSON is jsonnet.
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n  ")
