"""The tenants' label budget."""

from __future__ import annotations

import gc
import weakref

from monitor.metrics.catalogue import (
    CACHE_REQUESTS,
    TENANT_DURATION,
    TENANT_OVERFLOW,
    TENANT_REQUESTS,
    TENANT_SERIES,
    Outcome,
)
from monitor.metrics.measurements import Measurements
from monitor.metrics.windows import counter_rows, histogram_rows
from monitor.testing.fakes import ManualClock


def serve(measurements: Measurements, tenant: int | None, times: int = 1) -> None:
    for _ in range(times):
        measurements.http.begin("GET")
        measurements.http.end("GET", "/api/contacts", 200, None, Outcome.SUCCESS, tenant, 0.01)


def requests(measurements: Measurements) -> dict[str, float]:
    rows = counter_rows(measurements.workers.read()[TENANT_REQUESTS.name])
    return {tenant: count for (tenant, outcome), count in rows if outcome == Outcome.SUCCESS and count}


def test_newcomers_over_the_cap_go_to_the_overflow(measurements: Measurements) -> None:
    """Known tenants keep their series, the rest share one, every request is counted once."""
    for tenant in range(1, 7):
        serve(measurements, tenant, times=tenant)
    serve(measurements, 1)
    assert requests(measurements) == {"1": 2, "2": 2, "3": 3, "4": 4, "__overflow__": 11}
    reading = measurements.workers.read()
    assert list(reading[TENANT_OVERFLOW.name].values) == [11]
    assert list(reading[TENANT_SERIES.name].values) == [4]


def test_requests_without_a_tenant_take_no_budget(measurements: Measurements) -> None:
    """What nobody signed in for is counted under a name of its own."""
    serve(measurements, None, times=3)
    assert requests(measurements) == {"__none__": 3}
    assert list(measurements.workers.read()[TENANT_SERIES.name].values) == [0]


def test_an_idle_tenant_goes_from_every_family_at_once(
    measurements: Measurements, clock: ManualClock
) -> None:
    """Its series end together, the active tenants' stay, and a newcomer takes the room."""
    for tenant in range(1, 5):
        serve(measurements, tenant)
        measurements.cache.looked_up(tenant, "contacts", "hit", "near", 0.001)
    measurements.idle.sweep()
    for _ in range(3):
        clock.advance(30)
        for tenant in (1, 2, 3):
            serve(measurements, tenant)
        measurements.idle.sweep()
    reading = measurements.workers.read()
    for name in (TENANT_DURATION.name, TENANT_REQUESTS.name, CACHE_REQUESTS.name):
        assert ("4",) not in reading[name].labels
        assert ("3",) in reading[name].labels
    serve(measurements, 9)
    assert requests(measurements) == {"1": 4, "2": 4, "3": 4, "9": 1}


def test_an_evicted_tenant_begins_again_at_nothing(measurements: Measurements, clock: ManualClock) -> None:
    """A tenant that returns has none of its old counts, nor those of its row's other owners."""
    serve(measurements, 1, times=5)
    measurements.cache.looked_up(1, "contacts", "miss", "store", 0.001)
    measurements.idle.sweep()
    clock.advance(61)
    assert measurements.idle.sweep() == 1
    serve(measurements, 2)
    serve(measurements, 1)
    assert requests(measurements) == {"1": 1, "2": 1}
    lookups = counter_rows(measurements.workers.read()[CACHE_REQUESTS.name])
    assert not any(count for _, count in lookups)


def test_a_cache_lookup_alone_keeps_a_tenant(measurements: Measurements, clock: ManualClock) -> None:
    """Any observation counts as activity."""
    serve(measurements, 1)
    for _ in range(4):
        measurements.idle.sweep()
        clock.advance(40)
        measurements.cache.looked_up(1, "contacts", "hit", "near", 0.001)
    assert measurements.idle.sweep() == 0


def test_exemplars_go_with_their_tenant(measurements: Measurements, clock: ManualClock) -> None:
    """The next owner of a row shows no trace of the one before."""
    measurements.http.begin("GET")
    measurements.http.end("GET", "/x", 200, None, Outcome.SUCCESS, 1, 0.01, "ab" * 16)
    assert measurements.workers.read()[TENANT_DURATION.name].exemplars
    measurements.idle.sweep()
    clock.advance(61)
    measurements.idle.sweep()
    serve(measurements, 2)
    family = measurements.workers.read()[TENANT_DURATION.name]
    assert not family.exemplars
    assert [sum(counts) for labels, counts, _ in histogram_rows(family) if labels == ("2",)] == [1]


def test_what_is_kept_of_evicted_tenants_goes_too(measurements: Measurements, clock: ManualClock) -> None:
    """A service whose tenants come and go does not grow with every tenant it ever had."""
    first = measurements.budget.row(1)
    serve(measurements, 1)
    measurements.idle.sweep()
    clock.advance(61)
    measurements.idle.sweep()
    kept = weakref.ref(first)
    del first
    measurements.budget.forget_evicted()
    gc.collect()
    assert kept() is None
    serve(measurements, 1)
    measurements.budget.forget_evicted()
    assert requests(measurements) == {"1": 1}


def test_a_refused_tenant_is_let_in_once_there_is_room(
    measurements: Measurements, clock: ManualClock
) -> None:
    """A refusal lasts as long as nothing changes in the table, and no longer."""
    for tenant in range(1, 6):
        serve(measurements, tenant, times=2)
    assert requests(measurements)["__overflow__"] == 2
    measurements.idle.sweep()
    clock.advance(61)
    for tenant in (1, 2, 3):
        serve(measurements, tenant)
    assert measurements.idle.sweep() == 1
    serve(measurements, 5)
    assert requests(measurements)["5"] == 1
