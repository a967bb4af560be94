"""Tables of tenants and routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

from monitor.console import html as h
from monitor.console import words
from monitor.console.charts import bar
from monitor.console.html import Child
from monitor.console.links import Links
from monitor.console.page_frame import grid
from monitor.console.snapshot import Snapshot
from monitor.metrics.service_levels import RequestStats, ServiceLevels
from monitor.objectives import Objectives, Threshold

_FEWEST: Final = 20
_P99: Final = 0.99
ORDERS: Final = {"requests": "busiest", "latency": "slowest", "errors": "most errors", "hits": "fewest hits"}


class TenantLine(NamedTuple):
    """One tenant in the window."""

    tenant: str
    requests: RequestStats
    hit_ratio: float | None


def tenant_rows(performance: ServiceLevels, order: str) -> list[TenantLine]:
    """Return the tenants with requests in the window, in one of `ORDERS`."""
    rows = [
        TenantLine(tenant, requests, performance.cache(tenant).hit_ratio)
        for tenant, requests in performance.tenants.items()
        if requests.count
    ]
    keys = {
        "latency": lambda row: -(row.requests.mean_s or 0.0),
        "errors": lambda row: -(row.requests.error_ratio or 0.0),
        "hits": lambda row: 2.0 if row.hit_ratio is None else row.hit_ratio,
    }
    return sorted(rows, key=keys.get(order, lambda row: -row.requests.count))


def tenant_table(
    rows: Sequence[TenantLine], snapshot: Snapshot, links: Links, objectives: Objectives
) -> Markup:
    """Return tenants as a table with links to their pages."""
    most, hits = max((row.requests.count for row in rows), default=0), objectives.hit_ratio
    return grid(
        links.naming.headings,
        (links.naming.heading, "Requests", "", "Average", "P99", "Errors", "Hits"),
        [
            (
                tenant_link(row.tenant, links),
                words.rate(snapshot.per_second(row.requests.count)),
                bar(row.requests.count, most),
                *_measures(row.requests, objectives, snapshot, row.tenant),
                judged(hits, row.hit_ratio, broken=snapshot.breaks(hits, row.tenant)),
            )
            for row in rows
        ],
        f"No {links.naming.singular} has asked for anything in this window.",
        narrow=(2, 4),
    )


def route_table(snapshot: Snapshot, links: Links, objectives: Objectives, most_rows: int) -> Markup:
    """Return the busiest routes."""
    rows = sorted(snapshot.performance.routes.items(), key=lambda item: -item[1].count)[:most_rows]
    most = max((requests.count for _, requests in rows), default=0)
    return grid(
        "Routes",
        ("Route", "Requests", "", "Average", "P99", "Errors"),
        [
            (
                h.markup(h.code(f"{method} "), h.a(h.code(route), href=links.to("traces", route=route))),
                words.rate(snapshot.per_second(requests.count)),
                bar(requests.count, most),
                *_measures(requests, objectives, snapshot, (method, route)),
            )
            for (method, route), requests in rows
            if requests.count
        ],
        "No requests in this window.",
        narrow=(2, 4),
    )


def _measures(
    requests: RequestStats, objectives: Objectives, snapshot: Snapshot, of: str | tuple[str, str]
) -> tuple[Child, Child, Child]:
    """Average, P99 and errors; what breaks an objective stands out."""
    latency, errors = objectives.latency_mean, objectives.error_ratio
    p99 = requests.quantile(_P99, _FEWEST)
    return (
        judged(latency, requests.mean_s, broken=snapshot.breaks(latency, of)),
        words.seconds(None if p99 is None else p99.value),
        judged(errors, requests.error_ratio, broken=snapshot.breaks(errors, of)),
    )


def judged(threshold: Threshold, value: float | None, *, broken: bool) -> Markup:
    """Return a value; one that breaks its objective is marked, in words too."""
    text = words.measured(threshold, value)
    if not broken:
        return h.span(text, class_="number")
    said = words.missed(threshold)
    return h.span(text, h.span(f" {said}", class_="hidden"), class_="number broken", title=said)


def tenant_link(tenant: str | int, links: Links) -> Markup:
    """Return a tenant's number with a link to its page; newcomers over the budget share a row."""
    text = str(tenant)
    return h.a(text, href=links.tenants(text)) if text.isdigit() else h.span("others", title=text)
