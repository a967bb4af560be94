"""Another service's say about its definitions, as an adopter would write it."""

from __future__ import annotations

from monitor.cache.policy import CachePolicy
from monitor.definitions.dashboards.panel import Query, Row
from monitor.definitions.dashboards.panels import timeseries
from monitor.definitions.deployment import Deployment
from monitor.definitions.receivers import Environment, pagerduty, slack, webhook
from monitor.kit.adoption import Adoption
from monitor.objectives import Limits, Objectives, Threshold
from monitor.tenancy.identity import Identity
from monitor.tenancy.naming import TenantNaming

HOTELS = TenantNaming("hotel", "hotels")
OBJECTIVES = Objectives(
    latency_mean=Threshold("latency_mean", 0.25, above=True, normal="50 to 150 ms", unit="s"),
    limits=Limits(tenants_at_once=3),
)
SOLD = timeseries(
    "Rooms sold",
    "By [[tenant]].",
    "none",
    Query('sum by (tenant) (rate(rooms_sold_total{job=~"$job"}[$__rate_interval]))', "{{tenant}}"),
)
DEPLOYMENT = Deployment(
    job="bookings",
    title="Bookings",
    naming=HOTELS,
    domains=("rates",),
    objectives=OBJECTIVES,
    environments=(
        Environment(
            "production",
            page=pagerduty(),
            ticket=slack("#bookings"),
            info=slack("#bookings-info"),
            watchdog=webhook("https://deadman.example"),
        ),
    ),
    rows=(Row("Sales", (SOLD,)),),
    grafana_url="https://grafana.example",
    runbooks_url="https://docs.example/runbooks",
)


class Nobody:
    """Lets nobody in."""

    def resolve(self, authorization: bytes) -> Identity:
        raise NotImplementedError


def adoption() -> Adoption:
    """Return what the service tells the kit."""
    policies = (CachePolicy("rates", ttl_s=60),)
    return Adoption(resolver=Nobody(), naming=HOTELS, objectives=OBJECTIVES, policies=policies)
