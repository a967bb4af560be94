"""Every dashboard, by the file it is written to."""

from __future__ import annotations

from monitor.definitions.dashboards.cache import cache
from monitor.definitions.dashboards.capacity import capacity
from monitor.definitions.dashboards.database import database
from monitor.definitions.dashboards.own import own_board
from monitor.definitions.dashboards.panel import Json
from monitor.definitions.dashboards.runtime import runtime
from monitor.definitions.dashboards.service import service
from monitor.definitions.dashboards.tenants import tenants
from monitor.definitions.deployment import Deployment


def all_dashboards(deployment: Deployment) -> dict[str, Json]:
    """Return the dashboards: what to open first, first."""
    own = {"own": own_board(deployment)} if deployment.rows else {}
    return {
        "service": service(deployment),
        "tenants": tenants(deployment),
        "cache": cache(deployment),
        "database": database(deployment),
        "runtime": runtime(deployment),
        "capacity": capacity(deployment),
        **own,
    }
