"""The room as a whole: its chores and its end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from monitor.metrics.catalogue import Outcome
from monitor.metrics.measurements import Measurements
from monitor.metrics.service_levels import ServiceLevels
from monitor.testing.fakes import ManualClock
from tests.conditions import until
from tests.monitor.metrics.exposed import parse_text, samples


@pytest.mark.parametrize("shared", [False, True])
def test_counting_after_the_end_is_no_error(shared: object, tmp_path: Path) -> None:
    """A request that outlives the shutdown, or a span exported late, must not fail for a metric."""
    measurements = Measurements(
        CollectorRegistry(), ManualClock(), domains=("contacts",), directory=tmp_path if shared else None
    )
    measurements.http.begin("GET")
    measurements.close()
    measurements.http.end("GET", "/x", 200, None, Outcome.SUCCESS, 1, 0.01, "ab" * 16)
    measurements.http.end("GET", "/new", 500, "OSError", Outcome.SERVER_ERROR, 2, 0.01)
    measurements.traces.exported(3)


def test_a_service_without_cache_domains_is_measured_all_the_same() -> None:
    """Scrape, window and performance do without the families that have no series."""
    registry = CollectorRegistry()
    measurements = Measurements(registry, ManualClock(), domains=())
    measurements.windows.tick()
    measurements.http.begin("GET")
    measurements.http.end("GET", "/x", 200, None, Outcome.SUCCESS, 1, 0.01)
    measurements.cache.looked_up(1, "contacts", "hit", "near", 0.001)
    for window in (measurements.windows.over(60), measurements.windows.over(60, "1")):
        assert ServiceLevels(window.totals).tenants["1"].count == 1
        assert ServiceLevels(window.totals).cache().hit_ratio is None
    ours = samples(parse_text(b"".join(measurements.exposition.render()).decode()))
    assert ours == samples(parse_text(generate_latest(registry).decode()))
    measurements.close()


async def test_a_chore_that_fails_is_tried_again(
    measurements: Measurements, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be read ends neither this chore nor the others."""
    tried: list[float] = []

    def look() -> None:
        tried.append(clock.monotonic())
        raise PermissionError

    monkeypatch.setattr(measurements.runtime, "look", look)
    running = asyncio.create_task(measurements.run())
    for _ in range(2):
        await until(lambda: clock.sleepers == 4)
        clock.advance(30)
    await until(lambda: clock.sleepers == 4)
    running.cancel()
    assert len(tried) == 3
