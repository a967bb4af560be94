"""The cache's lower half: its store, its outbox, its lease and its switch."""

from __future__ import annotations

from monitor.definitions.dashboards import variables
from monitor.definitions.dashboards.asking import none_of, of_tenants, shown
from monitor.definitions.dashboards.panel import BLUE, GREEN, RED, YELLOW, Panel, Query, worse_above
from monitor.definitions.dashboards.panels import mapped, states, timeseries
from monitor.metrics import catalogue
from monitor.objectives import Objectives


def store() -> tuple[Panel, ...]:
    """Return the panels of the store, from its round trips to its bytes."""
    ask = of_tenants()
    name = catalogue.CACHE_STORE_DURATION.name
    failed = ask.per_second(f"{name}_count", "operation, error_type", 'error_type!=""')
    changed = f"60 * ({ask.per_second(catalogue.CACHE_BREAKER_CHANGES.name, 'state')})"
    rejected = ask.per_second(catalogue.CACHE_ENTRIES_REJECTED.name, "domain, reason")
    return (
        timeseries(
            "Store latency by operation",
            "95 of 100 round trips to the store were faster; one trip carries the lookups of a whole tick.",
            "s",
            Query(ask.quantile_of(0.95, name, "operation"), "{{operation}} P95"),
            width=8,
        ),
        timeseries(
            "Store round trips",
            "Round trips a second by operation.",
            "ops",
            Query(ask.per_second(f"{name}_count", "operation"), "{{operation}}"),
            width=8,
            stacked=True,
        ),
        timeseries(
            "Store errors",
            "Round trips that failed, by reason.",
            "ops",
            Query(none_of(failed, "error_type"), "{{operation}} {{error_type}}"),
            width=8,
        ),
        timeseries(
            "Bytes moved",
            "Bytes a second read from and written to the store.",
            "Bps",
            Query(ask.per_second(catalogue.CACHE_MOVED_BYTES.name, "direction"), "{{direction}}"),
            width=8,
        ),
        timeseries(
            "Bytes stored by domain",
            "Bytes of entries stored a second.",
            "Bps",
            Query(
                of_tenants(variables.DOMAIN).per_second(catalogue.CACHE_ENTRY_BYTES.name, "domain"),
                "{{domain}}",
            ),
            width=8,
            stacked=True,
        ),
        timeseries(
            "Near cache",
            "Bytes in the near cache of each replica.",
            "bytes",
            Query(f"sum by (instance) ({shown(catalogue.CACHE_NEAR_BYTES.name)})", "{{instance}}"),
            width=8,
        ),
        timeseries(
            "Breaker changes",
            "Changes of the breaker a minute, by the state it went into; many mean a store that flaps.",
            "cpm",
            Query(none_of(changed, "state"), "{{state}}"),
            width=8,
            height=6,
        ),
        timeseries(
            "Near cache entries",
            "Entries in the near cache of each replica.",
            "short",
            Query(f"sum by (instance) ({shown(catalogue.CACHE_NEAR_ENTRIES.name)})", "{{instance}}"),
            width=8,
            height=6,
        ),
        timeseries(
            "Entries rejected",
            "Stored bytes that did not open, by reason; forged means somebody else writes to the store.",
            "ops",
            Query(none_of(rejected, "reason"), "{{domain}} {{reason}}"),
            width=8,
            height=6,
        ),
        states(
            "Breaker",
            "The breaker before the store of each replica: open means the database is asked for everything.",
            Query(_breaker(), "{{instance}}"),
            mappings=(mapped(v0=("closed", GREEN), v1=("half open", YELLOW), v2=("open", RED)),),
            width=24,
            height=5,
        ),
    )


def _breaker() -> str:
    """Fold the states into one number: closed 0, half open 1, open 2."""
    return _folded(catalogue.CACHE_BREAKER.name, "half_open", "open")


def _folded(gauge: str, *states: str) -> str:
    """Fold a gauge by state into one number for each replica, from 1 on; the last state wins.

    What never changed has no series yet: a replica that is up is in the state that is well, 0.
    """
    matched = [shown(gauge, f'state="{state}"') for state in states]
    numbered = [f"{number} * (max by (instance) ({series}) > 0)" for number, series in enumerate(matched, 1)]
    return " or ".join([*reversed(numbered), f"0 * max by (instance) ({shown('up')} == 1)"])


def outbox(objectives: Objectives) -> tuple[Panel, ...]:
    """Return the panels of what keeps the cache right when Redis does not."""
    switch = f"min by (domain) ({shown(catalogue.CACHE_SWITCH.name)})"
    # An increase is extrapolated: without rounding, one change is a third more than one.
    epochs = f"round(sum(increase({shown(catalogue.CACHE_EPOCH_CHANGES.name)}[$__rate_interval])))"
    changes = f"round(sum(increase({shown(catalogue.CACHE_SWITCH_CHANGES.name)}[$__rate_interval])))"
    return (
        timeseries(
            "Outbox lag",
            "Age of the oldest invalidation that waits; dashed: the ticket's bound.",
            "s",
            Query(f"max({shown(catalogue.CACHE_OUTBOX_LAG.name)})", "oldest"),
            width=8,
            bounds=worse_above(objectives.limits.outbox_lag_s),
        ),
        timeseries(
            "Outbox rows",
            "Invalidations that wait, and committed writes that wait for them before they answer.",
            "short",
            Query(f"max({shown(catalogue.CACHE_OUTBOX_ROWS.name)})", "rows"),
            Query(f"sum({shown(catalogue.CACHE_WRITES_WAITING.name)})", "writes waiting"),
            width=8,
        ),
        timeseries(
            "Epochs and switch",
            "New epochs (Redis restarted, failed over, was switched on) and changes of the switch.",
            "short",
            Query(epochs, "new epochs"),
            Query(changes, "switch changes"),
            width=8,
        ),
        states(
            "Lease",
            "The worst state of the cache lease of a replica's workers: only a held one may use the cache.",
            Query(_folded(catalogue.CACHE_LEASE.name, "quarantined", "suspended", "expired"), "{{instance}}"),
            mappings=(
                mapped(
                    v0=("held", GREEN),
                    v1=("quarantined", BLUE),
                    v2=("suspended", YELLOW),
                    v3=("expired", RED),
                ),
            ),
        ),
        states(
            "Switch",
            "Whether the cache is on, as a whole (*) and by domain.",
            Query(switch, "{{domain}}"),
            mappings=(mapped(v0=("off", RED), v1=("on", GREEN)),),
        ),
    )
