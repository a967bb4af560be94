"""What the tests of the metrics room share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from monitor.metrics.measurements import Measurements
from monitor.testing.fakes import ManualClock

DOMAINS = ("contacts", "appointments")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def measurements(registry: CollectorRegistry, clock: ManualClock) -> Iterator[Measurements]:
    """Give a worker on its own, with room for four tenants."""
    measurements = Measurements(registry, clock, domains=DOMAINS, tenants=4, idle_s=60.0, spare=1.0)
    yield measurements
    measurements.close()
