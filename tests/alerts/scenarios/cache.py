"""Behind the cache: store, outbox, consistency, epochs."""

from __future__ import annotations

from tests.alerts.promtool import Firing, Scenario
from tests.alerts.traffic import gauge, named

FOUND = named("cache_inconsistencies_total", tenant="7", domain="contacts")
OUTDATED = {"tenant": "7", "domain": "contacts"}


def _breaker(*phases: tuple[float, float | None]) -> dict[str, str]:
    closed = [(minutes, None if value is None else 1 - value) for minutes, value in phases]
    return {
        named("cache_breaker_state", state="open"): gauge(*phases),
        named("cache_breaker_state", state="closed"): gauge(*closed),
        named("cache_breaker_state", state="half_open"): gauge((90, 0)),
    }


SCENARIOS = [
    Scenario(
        "CacheInconsistencyFound",
        "a new Prometheus finds a counter that stands at five already",
        {
            FOUND: gauge((10, None), (50, 5)),
            named("up", instance="10.0.0.1:8000"): gauge((10, None), (50, 1)),
        },
        lasts="1h",
    ),
    Scenario(
        "CacheStoreDown",
        "the breaker is open for ten minutes",
        _breaker((20, 0), (10, 1), (60, 0)),
        firing=(Firing("22m", "1"),),
        silent=("19m", "20m30s", "57m"),
    ),
    Scenario(
        "CacheStoreDown",
        "it opens for thirty seconds while Redis restarts",
        _breaker((20, 0), (0.5, 1), (60, 0)),
        lasts="80m",
    ),
    Scenario(
        "CacheInconsistencyFound",
        "the first inconsistency ever: a counter born at one",
        {FOUND: gauge((20, None), (60, 1)), named("up", instance="10.0.0.1:8000"): gauge((80, 1))},
        firing=(Firing("21m", "1", OUTDATED),),
        silent=("19m", "55m"),
    ),
    Scenario(
        "CacheInconsistencyFound",
        "one more on a counter that is there",
        {FOUND: gauge((30, 2), (60, 3))},
        firing=(Firing("35m", "1", OUTDATED),),
        silent=("29m", "65m"),
    ),
    Scenario(
        "CacheInconsistencyFound", "counters are there and stand still", {FOUND: gauge((90, 0))}, lasts="90m"
    ),
    Scenario(
        "CacheOutboxLag",
        "an invalidation waits for ten minutes",
        {named("cache_outbox_lag_seconds"): gauge((20, 0), (10, 45), (60, 0))},
        firing=(Firing("26m", "45s"),),
        silent=("19m", "24m", "36m"),
    ),
    Scenario(
        "CacheOutboxLag",
        "thirty seconds are within the bound",
        {named("cache_outbox_lag_seconds"): gauge((60, 30))},
        lasts="1h",
    ),
    Scenario(
        "CacheEpochAdopted",
        "Redis fails over",
        {named("cache_epoch_changes_total"): gauge((20, 1), (60, 2))},
        firing=(Firing("25m", "1"),),
        silent=("19m", "40m"),
    ),
    Scenario(
        "CacheEpochAdopted",
        "a worker starts and sees the epoch that is current",
        {named("cache_epoch_changes_total"): gauge((20, None), (60, 1))},
        lasts="80m",
    ),
]
