"""The queries that dashboards ask: over the chosen services, at the panel's own interval."""

from __future__ import annotations

from monitor.definitions.dashboards.panel import BLUE, GREEN, GREY, RED, YELLOW, Query, by_name, fixed
from monitor.definitions.dashboards.variables import JOB
from monitor.definitions.deployment import Deployment
from monitor.definitions.queries import TENANT_FAMILY, Queries, service_requests

INTERVAL = "$__rate_interval"
QUANTILES = (0.5, 0.95, 0.99)


def of_service(deployment: Deployment, *matchers: str) -> Queries:
    """Ask about all requests that users made."""
    return Queries(service_requests(deployment.probe_routes), INTERVAL, (JOB, *matchers))


def of_tenants(*matchers: str) -> Queries:
    """Ask about requests by clinic, and about every other metric of the service."""
    return Queries(TENANT_FAMILY, INTERVAL, (JOB, *matchers))


def quantiles(ask: Queries) -> tuple[Query, ...]:
    """Ask for the usual quantiles of a service's requests; the highest brings its exemplars."""
    return tuple(
        Query(ask.quantile(q, "job"), f"P{q * 100:g}", exemplar=q == QUANTILES[-1]) for q in QUANTILES
    )


def shown(series: str, *matchers: str) -> str:
    """Show a series of the chosen services, recorded or exposed."""
    return f"{series}{{{', '.join((JOB, *matchers))}}}"


def top(series: str, by: str = "tenant") -> str:
    """Keep the series that are greatest over the whole range, the same ones at each of its points."""
    return f"{series} and on ({by}) topk($top, avg_over_time({series}[$__range] @ end()))"


def bottom(series: str, by: str = "tenant") -> str:
    """Keep the series that are least over the whole range."""
    return f"{series} and on ({by}) bottomk($top, avg_over_time({series}[$__range] @ end()))"


# A result has its colour on every dashboard.
BY_RESULT = (
    by_name("hit", color=fixed(GREEN)),
    by_name("miss", color=fixed(YELLOW)),
    by_name("error", color=fixed(RED)),
    by_name("stale", color=fixed(BLUE)),
    by_name("bypass", color=fixed(GREY)),
)
BY_OUTCOME = (
    by_name("success", color=fixed(GREEN)),
    by_name("client_error", color=fixed(YELLOW)),
    by_name("server_error", color=fixed(RED)),
    by_name("cancelled", color=fixed(GREY)),
)
