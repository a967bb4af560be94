"""The mixin is jsonnet that any consumer of mixins can add to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rjsonnet
import yaml

from app.definitions import DEPLOYMENT as CLINICS
from monitor.definitions.deployment import Deployment
from monitor.definitions.writer import definitions, write
from tests.monitor.definitions.bookings import DEPLOYMENT as BOOKINGS


@pytest.mark.parametrize("deployment", [CLINICS, BOOKINGS], ids=lambda one: one.job)
def test_the_mixin_holds_all_rules_and_dashboards(deployment: Deployment, tmp_path: Path) -> None:
    """Evaluated by jsonnet it is what the rule files and dashboards are, and can be added to."""
    written = definitions(deployment)
    write(written, tmp_path)
    program = f"""
        local mixin = (import '{tmp_path}/alerts/mixin/mixin.libsonnet') + {{
          prometheusAlerts+:: {{ groups+: [{{ name: 'ours', rules: [] }}] }},
        }};
        {{
          local shown = mixin.grafanaDashboards,
          boards: {{ [name]: shown[name] for name in std.objectFieldsAll(shown) }},
          groups: mixin.prometheusRules.groups + mixin.prometheusAlerts.groups,
        }}
    """

    found: dict[str, Any] = json.loads(rjsonnet.evaluate_snippet("mixin", program))

    files = [yaml.safe_load(text) for path, text in written.items() if path.startswith("alerts/rules/")]
    groups = {group["name"]: group for file in files for group in file["groups"]}
    boards = {path: text for path, text in written.items() if path.startswith("dashboards/")}
    assert {**groups, "ours": {"name": "ours", "rules": []}} == {
        group["name"]: group for group in found["groups"]
    }
    assert {path.removeprefix("dashboards/"): json.loads(text) for path, text in boards.items()} == (
        found["boards"]
    )
