"""The running service with its console."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conditions import until
from tests.monitor.console.service import Operator, Service, running


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Give the running service, whose windows have begun: what was counted before they do is in none."""
    async with running() as service:
        await until(lambda: bool(service.monitor.measurements.windows._ring))
        yield service


@pytest.fixture
async def operator(service: Service) -> AsyncIterator[Operator]:
    """Give a signed-in operator's browser."""
    async with service.operator() as operator:
        yield operator
