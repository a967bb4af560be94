"""Fixtures of the tracing room's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.monitor.tracing.receiver import OtlpReceiver, otlp_receiver


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    """A receiver that is well."""
    with otlp_receiver() as running:
        yield running
