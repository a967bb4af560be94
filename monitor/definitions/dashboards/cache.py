"""Cache: does it serve, is it right, and what stands behind it."""

from __future__ import annotations

from monitor.definitions import recorded
from monitor.definitions.dashboards import variables
from monitor.definitions.dashboards.asking import BY_RESULT, none_of, of_tenants, shown
from monitor.definitions.dashboards.cache_store import outbox, store
from monitor.definitions.dashboards.layout import dashboard
from monitor.definitions.dashboards.panel import (
    GREEN,
    Json,
    Panel,
    Query,
    Row,
    by_name,
    fixed,
    worse_above,
    worse_below,
)
from monitor.definitions.dashboards.panels import stat, timeseries
from monitor.definitions.dashboards.tables import Column, table
from monitor.definitions.deployment import Deployment
from monitor.definitions.queries import HITS
from monitor.definitions.rules import Board
from monitor.metrics import catalogue
from monitor.objectives import Objectives


def cache(deployment: Deployment) -> Json:
    """Return the dashboard of the cache."""
    objectives = deployment.objectives
    return dashboard(
        deployment,
        Board.CACHE,
        f"{deployment.title}: cache",
        "Does the cache serve, is what it serves right, and are its store and outbox well?",
        (variables.datasource(), variables.job(), variables.domain(), variables.tenant()),
        (
            Row("Now", _now(objectives)),
            Row("Hits and what they save", _hits(objectives)),
            Row("Loads", _loads()),
            Row("Invalidation and consistency", _invalidation()),
            Row("Store", store()),
            Row("Outbox, lease and switch", outbox(objectives)),
        ),
    )


def _now(objectives: Objectives) -> tuple[Panel, ...]:
    bound = objectives.hit_ratio.bound
    ask = of_tenants(variables.DOMAIN)
    not_closed = shown(catalogue.CACHE_BREAKER.name, 'state!="closed"')
    saved = ask.per_second(catalogue.CACHE_REQUESTS.name, "job", HITS)
    return (
        stat(
            "Hit ratio now",
            "Share of lookups that hit over ten minutes; bypasses left out. The alert's own number.",
            "percentunit",
            Query(f"min({shown(recorded.HIT_RATIO)})"),
            bounds=worse_below(bound, 0.85),
            decimals=1,
        ),
        stat("Loads saved now", "Loads a second that a hit spared the database.", "ops", Query(saved)),
        stat(
            "Breaker now",
            "Replicas whose breaker before the store is not closed.",
            "none",
            Query(none_of(f"sum({not_closed})")),
            bounds=worse_above(1),
        ),
        stat(
            "Outbox lag now",
            "Age of the oldest invalidation that waits.",
            "s",
            Query(f"max({shown(catalogue.CACHE_OUTBOX_LAG.name)})"),
            bounds=worse_above(objectives.limits.outbox_lag_s, 1),
        ),
        stat(
            "Near cache now",
            "Bytes in the near caches of all workers.",
            "bytes",
            Query(f"sum({shown(catalogue.CACHE_NEAR_BYTES.name)})"),
        ),
        stat(
            "Inconsistencies in range",
            "Cached answers that differed from the database; there must be none.",
            "none",
            Query(
                none_of(f"sum(increase({shown(catalogue.CACHE_INCONSISTENCIES.name)}[$__range]))"),
                instant=True,
            ),
            bounds=worse_above(1),
            decimals=0,
        ),
    )


def _hits(objectives: Objectives) -> tuple[Panel, ...]:
    bounds = worse_below(objectives.hit_ratio.bound, 0.85)
    ask = of_tenants(variables.DOMAIN, variables.TENANT)
    layers, chosen = of_tenants(), of_tenants(variables.DOMAIN)
    invalidations = f"{catalogue.CACHE_INVALIDATION_DURATION.name}_count"

    def by_domain(series: str) -> str:
        return f"max by (domain) ({shown(series, variables.DOMAIN)})"

    return (
        timeseries(
            "Hit ratio",
            "Share of lookups that hit over ten minutes; dashed: the alert's bound and the normal range.",
            "percentunit",
            Query(shown(recorded.HIT_RATIO), "{{job}}"),
            bounds=bounds,
            maximum=1,
        ),
        timeseries(
            "Hit ratio by domain",
            "The same by domain; a domain with short life or many writes is naturally lower.",
            "percentunit",
            Query(shown(recorded.DOMAIN_HIT_RATIO, variables.DOMAIN), "{{domain}}"),
            bounds=bounds,
            maximum=1,
        ),
        table(
            "Domains",
            "Each domain now: what is asked of it, how much hits, what a miss costs and what invalidates.",
            "domain",
            "Domain",
            Column("Lookups", by_domain(recorded.DOMAIN_LOOKUPS), "ops", gauge=True),
            Column("Hit ratio", by_domain(recorded.DOMAIN_HIT_RATIO), "percentunit", bounds),
            Column("Load P95", chosen.quantile_of(0.95, catalogue.CACHE_LOAD_DURATION.name, "domain"), "s"),
            Column("Invalidations", chosen.per_second(invalidations, "domain"), "ops"),
            Column("Stored", chosen.per_second(catalogue.CACHE_ENTRY_BYTES.name, "domain"), "Bps"),
            height=8,
        ),
        timeseries(
            "Lookups by result",
            "Lookups a second by outcome; bypass is a cache that was not asked.",
            "ops",
            Query(ask.per_second(catalogue.CACHE_REQUESTS.name, "result"), "{{result}}"),
            stacked=True,
            overrides=BY_RESULT,
        ),
        timeseries(
            "Lookup latency by layer",
            "95 of 100 lookups were faster, without the load; near is this process, store is Redis.",
            "s",
            Query(layers.quantile_of(0.95, catalogue.CACHE_LOOKUP_DURATION.name, "layer"), "{{layer}} P95"),
            Query(layers.quantile_of(0.5, catalogue.CACHE_LOOKUP_DURATION.name, "layer"), "{{layer}} P50"),
        ),
        timeseries(
            "Loads saved by domain",
            "Hits, and waiters that joined a load under way: loads a second that never reached the database.",
            "ops",
            Query(
                of_tenants(variables.DOMAIN).per_second(catalogue.CACHE_REQUESTS.name, "domain", HITS),
                "{{domain}} hits",
            ),
            Query(
                of_tenants(variables.DOMAIN).per_second(catalogue.CACHE_COALESCED.name, "domain"),
                "{{domain}} joined",
            ),
            stacked=True,
        ),
        timeseries(
            "Generation age at a hit",
            "How long ago the domain was last invalidated when it was hit, on average: long lives are good.",
            "s",
            Query(
                of_tenants(variables.DOMAIN).mean_of(catalogue.CACHE_GENERATION_AGE.name, "domain"),
                "{{domain}}",
            ),
        ),
    )


def _loads() -> tuple[Panel, ...]:
    ask = of_tenants(variables.DOMAIN)
    name = catalogue.CACHE_LOAD_DURATION.name
    return (
        timeseries(
            "Loads by domain",
            "Loads a second behind misses.",
            "ops",
            Query(ask.per_second(f"{name}_count", "domain"), "{{domain}}"),
            width=8,
            stacked=True,
        ),
        timeseries(
            "Load latency by domain",
            "95 of 100 loads were faster: what a miss costs its caller.",
            "s",
            Query(ask.quantile_of(0.95, name, "domain"), "{{domain}} P95"),
            width=8,
        ),
        timeseries(
            "Values not stored",
            "Loaded values that were not stored, by reason; generation_changed is a write in between.",
            "ops",
            Query(
                none_of(ask.per_second(catalogue.CACHE_FILLS_REJECTED.name, "reason"), "reason"), "{{reason}}"
            ),
            width=8,
        ),
    )


def _invalidation() -> tuple[Panel, ...]:
    ask = of_tenants(variables.DOMAIN)
    name = catalogue.CACHE_INVALIDATION_DURATION.name
    found = shown(catalogue.CACHE_INCONSISTENCIES.name, variables.DOMAIN, variables.TENANT)
    differed = f"sum by (domain) (rate({found}[$__rate_interval]))"
    return (
        timeseries(
            "What invalidates",
            "Invalidations a second by domain: writes that made something stale.",
            "ops",
            Query(ask.per_second(f"{name}_count", "domain"), "{{domain}}"),
            width=8,
            stacked=True,
        ),
        timeseries(
            "Invalidation latency",
            "Mean time from the commit to the store's confirmation; confirmed false fell back to the outbox.",
            "s",
            Query(ask.mean_of(name, "confirmed"), "confirmed {{confirmed}}"),
            width=8,
        ),
        timeseries(
            "Inconsistencies",
            "Answers compared with the database, and those that differed: there must be none.",
            "cps",
            Query(none_of(differed, "domain"), "{{domain}} differed"),
            Query(none_of(ask.per_second(catalogue.CACHE_SAMPLES.name, "")), "compared"),
            width=8,
            overrides=(by_name("compared", color=fixed(GREEN)),),
        ),
    )
