"""The three thresholds are strict: a value equal to the bound is within, one step over is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.alerts.promtool import RULES, check
from tests.alerts.traffic import Series, counter, merged, named
from tests.binaries import need

pytestmark = pytest.mark.prometheus

MINUTES = 45.0
# Events of one sample; coprime sizes, so that the divisions round in every way they can.
SIZES = (20, 40, 60, 100, 140, 180, 220, 260, 340, 700, 1_100, 1_300, 1_740, 2_380, 9_980, 70_060)
NEWER = pytest.mark.parametrize("newer", [False, True], ids=["installed", "newer"])


def _each(metric: str, labels: dict[str, str], per_sample: float) -> Series:
    return {named(metric, **labels): counter((MINUTES, per_sample / 15))}


def _errors(tenant: str, size: int, over: float) -> Series:
    name, failed = "tenant_http_requests_total", size * 0.05 + over
    return _each(name, {"tenant": tenant, "outcome": "server_error"}, failed) | _each(
        name, {"tenant": tenant, "outcome": "success"}, size - failed
    )


def _latency(tenant: str, size: int, over: float) -> Series:
    name = "tenant_http_request_duration_seconds"
    return (
        _each(f"{name}_sum", {"tenant": tenant}, size * 0.1 + over * 0.1)
        | _each(f"{name}_count", {"tenant": tenant}, size)
        | _each("tenant_http_requests_total", {"tenant": tenant, "outcome": "success"}, size)
    )


def _hits(tenant: str, size: int, over: float) -> Series:
    name, hits = "cache_requests_total", size * 0.7 - over
    labels = {"tenant": tenant, "domain": "contacts"}
    return _each(name, {**labels, "result": "hit"}, hits) | _each(
        name, {**labels, "result": "miss"}, size - hits
    )


def _document(alert: str, series: Series, files: tuple[str, ...], tenants: list[int]) -> dict[str, Any]:
    """Expect the alert at the end for exactly those tenants."""
    firing = [{"labels": f'{{tenant="{tenant}"}}', "value": 1} for tenant in sorted(tenants, key=str)]
    return {
        "rule_files": [str(RULES / f"{name}.yml") for name in files],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'sum by (tenant) (ALERTS{{alertname="{alert}", alertstate="firing"}})',
                        "eval_time": f"{MINUTES - 1:g}m",
                        "exp_samples": firing,
                    }
                ],
            }
        ],
    }


@NEWER
@pytest.mark.parametrize(
    ("alert", "make", "files"),
    [
        ("TenantErrorsHigh", _errors, ("recorded_tenants", "objectives")),
        ("TenantLatencyHigh", _latency, ("recorded_tenants", "objectives")),
        ("TenantHitRatioLow", _hits, ("recorded_cache", "objectives")),
    ],
)
def test_the_bound_itself_is_within(
    alert: str,
    make: Any,
    files: tuple[str, ...],
    newer: bool,  # noqa: FBT001 - a pytest parameter
    tmp_path: Path,
) -> None:
    """Exactly 5 %, 100 ms and 70 % never page, one event more a sample does, whatever the traffic."""
    exact = merged(make(str(number), size, 0.0) for number, size in enumerate(SIZES, 100))
    over = merged(make(str(number), size, 1.0) for number, size in enumerate(SIZES, 200))
    tenants = [number for number, _ in enumerate(SIZES, 200)]

    complaints = check(
        need("promtool", newer=newer), _document(alert, exact | over, files, tenants), tmp_path
    )

    assert not complaints, complaints
