"""Prometheus and Alertmanager, of this system's suite and of a later one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.drill.stack import AlertmanagerServer, PrometheusServer
from app.loopback import http_ok
from tests.binaries import need

_ALERTMANAGER = "route: {receiver: none}\nreceivers: [{name: none}]\n"

pytestmark = pytest.mark.prometheus


@pytest.mark.parametrize("newer", [False, True], ids=["own", "newer"])
def test_prometheus_is_ready(tmp_path: Path, *, newer: bool) -> None:
    """It answers queries once started."""
    config = tmp_path / "prometheus.yml"
    config.write_text("global: {scrape_interval: 1s}\n")
    with PrometheusServer(need("prometheus", newer=newer), config) as server:
        assert http_ok(f"{server.url}/api/v1/query?query=up")


@pytest.mark.parametrize("newer", [False, True], ids=["own", "newer"])
def test_alertmanager_is_ready(tmp_path: Path, *, newer: bool) -> None:
    """It answers, also where it was only extracted from its package."""
    config = tmp_path / "alertmanager.yml"
    config.write_text(_ALERTMANAGER)
    with AlertmanagerServer(need("prometheus-alertmanager", newer=newer), config) as server:
        assert http_ok(f"{server.url}/api/v2/status")
