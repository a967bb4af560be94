"""What is counted of the cache; it satisfies the cache's observer without knowing the cache."""

from __future__ import annotations

from collections.abc import Callable

from monitor.metrics import catalogue
from monitor.metrics.budget import TenantBudget
from monitor.metrics.catalogue import Metric
from monitor.metrics.columns import Columns

_BREAKER_STATES = ("closed", "open", "half_open")
_LEASE_STATES = ("held", "expired", "quarantined", "suspended")


class CacheRecorder:
    """Counts every outcome and timing of the cache.

    Args:
        columns: Where this worker counts.
        budget: Gives each tenant its row.
    """

    def __init__(self, columns: Columns, budget: TenantBudget) -> None:
        self._budget = budget
        self._requests = _offsets(columns, catalogue.CACHE_REQUESTS)
        self._inconsistencies = _offsets(columns, catalogue.CACHE_INCONSISTENCIES)
        self._lookups = columns.histograms(catalogue.CACHE_LOOKUP_DURATION)
        self._loads = columns.histograms(catalogue.CACHE_LOAD_DURATION)
        self._store = columns.histograms(catalogue.CACHE_STORE_DURATION)
        self._invalidations = columns.histograms(catalogue.CACHE_INVALIDATION_DURATION)
        self._ages = columns.histograms(catalogue.CACHE_GENERATION_AGE)
        self._coalesced = columns.counters(catalogue.CACHE_COALESCED)
        self._filled = columns.counters(catalogue.CACHE_ENTRY_BYTES)
        self._moved = columns.counters(catalogue.CACHE_MOVED_BYTES)
        self._fills_rejected = columns.counters(catalogue.CACHE_FILLS_REJECTED)
        self._entries_rejected = columns.counters(catalogue.CACHE_ENTRIES_REJECTED)
        self._breaker = columns.gauges(catalogue.CACHE_BREAKER)
        self._breaker_changes = columns.counters(catalogue.CACHE_BREAKER_CHANGES)
        self._near_entries = columns.gauges(catalogue.CACHE_NEAR_ENTRIES).of()
        self._near_bytes = columns.gauges(catalogue.CACHE_NEAR_BYTES).of()
        self._switch = columns.gauges(catalogue.CACHE_SWITCH)
        self._switch_changes = columns.counters(catalogue.CACHE_SWITCH_CHANGES)
        self._samples = columns.counters(catalogue.CACHE_SAMPLES)
        self._outbox_rows = columns.gauges(catalogue.CACHE_OUTBOX_ROWS).of()
        self._outbox_lag = columns.gauges(catalogue.CACHE_OUTBOX_LAG).of()
        self._lease = columns.gauges(catalogue.CACHE_LEASE)
        self._epochs = columns.counters(catalogue.CACHE_EPOCH_CHANGES).of()
        self._waiting = columns.gauges(catalogue.CACHE_WRITES_WAITING).of()
        self._label_overflow = columns.counters(catalogue.LABEL_OVERFLOW)
        self._known: dict[tuple[str, str, str], tuple[Callable[[float], None], int]] = {}

    def looked_up(self, tenant: int, domain: str, result: str, layer: str, seconds: float) -> None:
        try:
            observe, offset = self._known[domain, result, layer]
        except KeyError:
            self._first_of_its_kind(tenant, domain, result, layer, seconds)
        else:
            observe(seconds)
            self._budget.row(tenant).count(offset)

    def _first_of_its_kind(self, tenant: int, domain: str, result: str, layer: str, seconds: float) -> None:
        duration = self._lookups.of(layer, result)
        duration.observe(seconds)
        self._count(tenant, self._requests, (domain, result), catalogue.CACHE_REQUESTS)
        offset = self._requests.get((domain, result))
        if offset is not None:
            self._known[domain, result, layer] = duration.observe, offset

    def loaded(self, tenant: int, domain: str, seconds: float, error_type: str | None) -> None:  # noqa: ARG002 - loads are not told by tenant
        self._loads.of(domain, error_type or "").observe(seconds)

    def coalesced(self, domain: str) -> None:
        self._coalesced.of(domain).inc()

    def filled(self, domain: str, size: int) -> None:
        self._filled.of(domain).inc(size)

    def fill_rejected(self, domain: str, reason: str) -> None:
        self._fills_rejected.of(domain, reason).inc()

    def entry_rejected(self, domain: str, reason: str) -> None:
        self._entries_rejected.of(domain, reason).inc()

    def generation_age(self, domain: str, seconds: float) -> None:
        self._ages.of(domain).observe(seconds)

    def invalidated(self, tenant: int, domain: str, seconds: float, confirmed: bool) -> None:  # noqa: ARG002, FBT001 - the observer's words; not told by tenant
        self._invalidations.of(domain, "true" if confirmed else "false").observe(seconds)

    def store_called(self, operation: str, seconds: float, error_type: str | None) -> None:
        self._store.of(operation, error_type or "").observe(seconds)

    def moved(self, direction: str, size: int) -> None:
        self._moved.of(direction).inc(size)

    def breaker_changed(self, state: str) -> None:
        self._breaker_changes.of(state).inc()
        for name in _BREAKER_STATES:
            self._breaker.of(name).set(float(name == state))

    def near_cache_sized(self, entries: int, size: int) -> None:
        self._near_entries.set(entries)
        self._near_bytes.set(size)

    def switched(self, domain: str, enabled: bool) -> None:  # noqa: FBT001 - the observer's words
        self._switch.of(domain).set(float(enabled))
        self._switch_changes.of(domain).inc()

    def sampled(self, tenant: int, domain: str, consistent: bool) -> None:  # noqa: FBT001 - the observer's words
        self._samples.of(domain).inc()
        if not consistent:
            self._count(tenant, self._inconsistencies, (domain,), catalogue.CACHE_INCONSISTENCIES)

    def outbox_polled(self, rows: int, oldest_s: float) -> None:
        self._outbox_rows.set(rows)
        self._outbox_lag.set(oldest_s)

    def lease_changed(self, state: str) -> None:
        for name in _LEASE_STATES:
            self._lease.of(name).set(float(name == state))

    def epoch_changed(self, epoch: int) -> None:  # noqa: ARG002 - its number is no measurement
        self._epochs.inc()

    def writes_waiting(self, count: int) -> None:
        self._waiting.set(count)

    def _count(
        self, tenant: int, offsets: dict[tuple[str, ...], int], variant: tuple[str, ...], metric: Metric
    ) -> None:
        offset = offsets.get(variant)
        if offset is None:
            # A domain that the kit was not told of has no cell; its loss is at least counted.
            self._label_overflow.of(metric.name).inc()
        else:
            self._budget.row(tenant).count(offset)


def _offsets(columns: Columns, metric: Metric) -> dict[tuple[str, ...], int]:
    family = columns.layout.tenants.families[metric.name]
    return {variant: family.first + at for at, variant in enumerate(family.variants)}
