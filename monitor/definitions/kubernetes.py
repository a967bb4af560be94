"""The same rules for the Prometheus operator."""

from __future__ import annotations

from typing import Any

from monitor.definitions.deployment import Deployment
from monitor.definitions.rules import RuleGroup, rule_file


def prometheus_rule(groups: tuple[RuleGroup, ...], deployment: Deployment) -> dict[str, Any]:
    """Return a PrometheusRule manifest; the label `release` is what most operators select by."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": deployment.slug,
            "labels": {"app.kubernetes.io/name": deployment.slug, "release": "prometheus"},
        },
        "spec": rule_file(groups, deployment),
    }
