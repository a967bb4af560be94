"""The service's own metrics, in the rows that it gave."""

from __future__ import annotations

from monitor.definitions.dashboards import variables
from monitor.definitions.dashboards.layout import dashboard
from monitor.definitions.dashboards.panel import Json
from monitor.definitions.deployment import Deployment
from monitor.definitions.rules import Board


def own_board(deployment: Deployment) -> Json:
    """Return the dashboard of what the service itself counts, linked to the kit's dashboards."""
    return dashboard(
        deployment,
        Board.OWN,
        f"{deployment.title}: its own metrics",
        "What the service itself counts.",
        (variables.datasource(), variables.job(), variables.tenant(), variables.route(), variables.domain()),
        deployment.rows,
    )
