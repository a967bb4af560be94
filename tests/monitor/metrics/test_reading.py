"""Reading slice by slice gives what reading at once would."""

from __future__ import annotations

import random

from prometheus_client import CollectorRegistry

from monitor.metrics.catalogue import TENANT_DURATION, TENANT_REQUESTS, Outcome
from monitor.metrics.measurements import Measurements
from monitor.metrics.reading import ROWS_A_SLICE
from monitor.metrics.windows import counter_rows, histogram_rows
from monitor.testing.fakes import ManualClock
from tests.monitor.metrics.exposed import parse_openmetrics, samples

TENANTS = 2 * ROWS_A_SLICE + 7


def test_many_slices_lose_and_mix_nothing() -> None:
    """Over several slices and with gaps of evicted rows, each tenant has its own counts and traces."""
    clock = ManualClock()
    measurements = Measurements(
        CollectorRegistry(), clock, domains=("contacts",), tenants=TENANTS, idle_s=60.0, spare=1.0
    )

    def serve(tenant: int) -> None:
        for _ in range(1 + tenant % 3):
            measurements.http.begin("GET")
            measurements.http.end(
                "GET", "/x", 200, None, Outcome.SUCCESS, tenant, tenant / 10_000, f"{tenant:032x}"
            )

    for tenant in range(1, TENANTS + 1):
        serve(tenant)
    measurements.idle.sweep()
    clock.advance(61)
    gone = set(random.Random(4).sample(range(1, TENANTS + 1), 50))
    stayed = sorted(set(range(1, TENANTS + 1)) - gone)
    for tenant in stayed:
        serve(tenant)
    assert measurements.idle.sweep() == 50

    reading = measurements.workers.read()
    family = reading[TENANT_DURATION.name]
    counted = {labels[0]: sum(counts) for labels, counts, _ in histogram_rows(family)}
    assert counted == {"__overflow__": 0, "__none__": 0} | {str(t): 2 * (1 + t % 3) for t in stayed}
    width = len(TENANT_DURATION.buckets) + 1
    traced = {family.labels[at // width][0]: trace for at, (trace, _, _) in family.exemplars.items()}
    assert traced == {str(tenant): f"{tenant:032x}" for tenant in stayed}
    successes = {t: n for (t, outcome), n in counter_rows(reading[TENANT_REQUESTS.name]) if n}
    assert successes == {tenant: count for tenant, count in counted.items() if count}

    body = b"".join(measurements.exposition.render(openmetrics=True)).decode()
    parsed = parse_openmetrics(body)
    counts = {labels[0][1]: v for (name, labels), v in samples(parsed).items() if name == COUNT}
    assert counts == counted
    exemplars = {
        s.labels["tenant"]: s.exemplar.labels["trace_id"]
        for f in parsed
        for s in f.samples
        if s.exemplar and "tenant" in s.labels
    }
    assert exemplars == traced
    measurements.close()


COUNT = f"{TENANT_DURATION.name}_count"
