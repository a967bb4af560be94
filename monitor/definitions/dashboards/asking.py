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
    return Queries(service_requests(deployment.objectives.uncounted), INTERVAL, (JOB, *matchers))


def of_tenants(*matchers: str) -> Queries:
    """Ask about requests by tenant, and about every other metric of the service."""
    return Queries(TENANT_FAMILY, INTERVAL, (JOB, *matchers))


def quantiles(ask: Queries) -> tuple[Query, ...]:
    """Ask for the usual quantiles of a service's requests; the highest brings its exemplars."""
    return tuple(
        Query(ask.quantile(q, "job"), f"P{q * 100:g}", exemplar=q == QUANTILES[-1]) for q in QUANTILES
    )


def shown(series: str, *matchers: str) -> str:
    """Show a series of the chosen services, recorded or exposed."""
    return f"{series}{{{', '.join((JOB, *matchers))}}}"


def none_of(expr: str, label: str = "") -> str:
    """Show 0 where there was nothing to count, and nothing where the service itself is not seen.

    Args:
        expr: What is counted.
        label: The label that the legend reads; without one the 0 has no labels.
    """
    zero = f"0 * sum({shown('up')} == 1)"
    if not label:
        return f"{expr} or on () {zero}"
    return f'{expr} or on () label_replace({zero}, "{label}", "none", "", "")'


def line_at(bound: float) -> Query:
    """Draw a bound as a line of its own, for as long as the service is seen."""
    return Query(f"{bound:g} + 0 * max({shown('up')})", "bound")


def top(series: str, by: str = "tenant") -> str:
    """Keep the series that are greatest over the whole range, the same ones at each of its points."""
    return f"{series} and on ({by}) topk($top, avg_over_time({series}[$__range] @ end()))"


def bottom(series: str, by: str = "tenant") -> str:
    """Keep the series that are least over the whole range."""
    return f"{series} and on ({by}) bottomk($top, avg_over_time({series}[$__range] @ end()))"


THE_BOUND = by_name(
    "bound", color=fixed(RED), custom__lineStyle={"fill": "dash", "dash": [8, 6]}, custom__fillOpacity=0
)
# A result has its colour on every dashboard.
BY_RESULT = (
    by_name("hit", color=fixed(GREEN)),
    by_name("miss", color=fixed(YELLOW)),
    by_name("error", color=fixed(RED)),
    by_name("stale", color=fixed(BLUE)),
    by_name("bypass", color=fixed(GREY)),
)
BY_QUANTILE = (
    by_name("P50", color=fixed(GREEN)),
    by_name("P95", color=fixed(YELLOW)),
    by_name("P99", color=fixed(RED)),
)
BY_OUTCOME = (
    by_name("success", color=fixed(GREEN)),
    by_name("client_error", color=fixed(YELLOW)),
    by_name("server_error", color=fixed(RED)),
    by_name("cancelled", color=fixed(GREY)),
)
