"""A long day of a service that is well: not one false page. And a day that is not, for proof."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.promtool import RULES, check
from tests.alerts.traffic import Series, named
from tests.binaries import need

pytestmark = [pytest.mark.prometheus, pytest.mark.timeout(400)]

STEP_S, DAY_STEPS = 60, 26 * 60
NIGHT_UNTIL, MORNING, EVENING, CLOSED = 6 * 60, 8 * 60, 18 * 60, 22 * 60
DEPLOYED, SWITCHED_OFF, SWITCHED_ON, REDIS_RESTARTED = 11 * 60, 14 * 60, 15 * 60, 17 * 60
BUSY, QUIET = ("1", "2", "3", "4", "5"), ("6", "7")

Rate = Callable[[int], float]


def _open(minute: int) -> float:
    """How busy the day is, from 0 at night to 1 at its height."""
    if minute < NIGHT_UNTIL or minute >= CLOSED:
        return 0.0
    if minute < MORNING:
        return (minute - NIGHT_UNTIL) / (MORNING - NIGHT_UNTIL)
    if minute < EVENING:
        return 0.8 + 0.2 * math.sin((minute - MORNING) / 90)
    return (CLOSED - minute) / (CLOSED - EVENING)


def _hits(minute: int) -> float:
    """Hit ratio through the day: cold for some minutes after opening, deployment, switch and restart."""
    for begun in (NIGHT_UNTIL, DEPLOYED, SWITCHED_ON, REDIS_RESTARTED):
        if begun <= minute < begun + 8:
            return 0.3 + 0.08 * (minute - begun)
    return 0.92


def _mean(minute: int) -> float:
    """Mean response time: slower while the cache is off, and for two minutes of the deployment."""
    if DEPLOYED <= minute < DEPLOYED + 2:
        return 0.3
    return 0.06 if SWITCHED_OFF <= minute < SWITCHED_ON else 0.015


def _errors(minute: int) -> float:
    """Share of failures: one in five thousand, and a burst as the old replicas are drained."""
    return 0.03 if minute == DEPLOYED else 0.0002


def _counter(rate: Rate, luck: Sequence[float], since: int) -> str:
    """Count events of a rate a second, with chance, from a restart at the deployment on anew."""
    value, values = 0.0, []
    for minute in range(DAY_STEPS):
        if minute == since:
            value = 0.0
        value += rate(minute) * STEP_S * luck[minute]
        values.append(f"{value:.3f}")
    return " ".join(values)


class Day:
    """The series of one day.

    Args:
        errors: Share of failures by minute.
        mean: Mean response time by minute.
        hits: Hit ratio by minute.
    """

    def __init__(self, errors: Rate = _errors, mean: Rate = _mean, hits: Rate = _hits) -> None:
        # One draw a minute for all series: a busy minute has more requests, lookups and seconds alike.
        luck = random.Random(20_260_301)
        self._luck = [luck.uniform(0.7, 1.3) for _ in range(DAY_STEPS)]
        self._errors, self._mean, self._hits = errors, mean, hits

    def series(self) -> Series:
        """Return what Prometheus scraped."""
        clinics = {identity: 3.0 / (rank + 1) for rank, identity in enumerate(BUSY)}
        clinics |= dict.fromkeys(QUIET, 0.01)
        series: Series = {}
        for identity, rate in clinics.items():
            series |= self._clinic(identity, rate)
        total = sum(clinics.values())
        return series | self._service(total) | self._steady()

    def _count(self, rate: Rate) -> str:
        return _counter(rate, self._luck, DEPLOYED)

    def _service(self, rate: float) -> Series:
        name = "http_server_request_duration_seconds"
        labels = {"http_request_method": "GET", "http_route": "/api/contacts"}
        good = {**labels, "http_response_status_code": "200", "error_type": ""}
        bad = {**labels, "http_response_status_code": "500", "error_type": "500"}
        probes = {**good, "http_route": "/api/health"}
        return {
            named(f"{name}_count", **good): self._count(lambda m: rate * _open(m)),
            named(f"{name}_count", **bad): self._count(lambda m: rate * _open(m) * self._errors(m)),
            named(f"{name}_count", **probes): self._count(lambda _: 0.2),
            named(f"{name}_sum", **good): self._count(lambda m: rate * _open(m) * self._mean(m)),
            named(f"{name}_bucket", **good, le="0.1"): self._count(
                lambda m: rate * _open(m) * (1 + self._errors(m)) * (0.996 if self._mean(m) < 0.1 else 0.4)
            ),
        }

    def _clinic(self, identity: str, rate: float) -> Series:
        name = "tenant_http_request_duration_seconds"
        requests, lookups = "tenant_http_requests_total", "cache_requests_total"

        def off(minute: int) -> bool:
            return SWITCHED_OFF <= minute < SWITCHED_ON

        def asked(minute: int) -> float:
            return 0.0 if off(minute) else rate * _open(minute)

        labels = {"tenant": identity, "domain": "contacts"}
        return {
            named(requests, tenant=identity, outcome="success"): self._count(lambda m: rate * _open(m)),
            named(requests, tenant=identity, outcome="server_error"): self._count(
                lambda m: rate * _open(m) * self._errors(m)
            ),
            named(f"{name}_count", tenant=identity): self._count(lambda m: rate * _open(m)),
            named(f"{name}_sum", tenant=identity): self._count(lambda m: rate * _open(m) * self._mean(m)),
            named(lookups, **labels, result="hit"): self._count(lambda m: asked(m) * self._hits(m)),
            named(lookups, **labels, result="miss"): self._count(lambda m: asked(m) * (1 - self._hits(m))),
            named(lookups, **labels, result="bypass"): self._count(
                lambda m: rate * _open(m) if off(m) else 0.0
            ),
        }

    def _steady(self) -> Series:
        """What stands still, or is away for the seconds of a restart."""
        quiet = {
            named("cache_outbox_lag_seconds"): "0",
            named("db_client_connection_timeouts_total"): "0",
            named("monitor_tenant_overflow_total"): "0",
            named("monitor_spans_dropped_total", reason="queue_full"): "0",
            named("monitor_log_lines_dropped_total"): "0",
            named("cache_inconsistencies_total", tenant="1", domain="contacts"): "0",
            named("db_client_connection_max", instance="a"): "20",
            named("db_client_connection_count", instance="a", state="used"): "4",
            named("scrape_duration_seconds", instance="a"): "0.03",
            named("monitor_scrape_size_bytes", instance="a"): "900000",
            named("cache_breaker_state", state="open"): "0",
        }
        series = {name: f"{value}x{DAY_STEPS}" for name, value in quiet.items()}
        # Two replicas are replaced one after the other; Redis restarts within a minute.
        series[named("up", instance="a")] = f"1x{DEPLOYED - 1} 0x0 1x{DAY_STEPS - DEPLOYED - 2}"
        series[named("up", instance="b")] = f"1x{DEPLOYED} 0x0 1x{DAY_STEPS - DEPLOYED - 3}"
        series[named("cache_epoch_changes_total")] = f"1x{REDIS_RESTARTED} 2x{DAY_STEPS - REDIS_RESTARTED}"
        return series


def _document(series: Series, expected: list[dict[str, Any]]) -> dict[str, Any]:
    fired = (
        'count by (alertname) (count_over_time(ALERTS{severity=~"page|ticket", alertstate="firing"}[26h]))'
    )
    return {
        "rule_files": [
            str(path) for path in sorted(RULES.glob("*.yml")) if path.stem != "recorded_quantiles"
        ],
        "evaluation_interval": f"{STEP_S}s",
        "tests": [
            {
                "interval": f"{STEP_S}s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [{"expr": fired, "eval_time": "26h", "exp_samples": expected}],
            }
        ],
    }


def test_a_day_without_a_fault_is_a_day_without_a_page(tmp_path: Path) -> None:
    """Night, opening, deployment, cache off and on, a restart of Redis, evening, quiet clinics: silence."""
    complaints = check(need("promtool", newer=True), _document(Day().series(), []), tmp_path)

    assert not complaints, complaints


def test_a_day_with_a_fault_is_told(tmp_path: Path) -> None:
    """The same day with failures at noon is told, so the silence above means something."""

    def failing(minute: int) -> float:
        return 0.2 if 12 * 60 <= minute < 12 * 60 + 15 else _errors(minute)

    expected = [
        {"labels": f'{{alertname="{name}"}}', "value": value}
        for name, value in (
            ("AvailabilityBudgetBurnFast", 1),
            ("ServiceErrorsHigh", 1),
            ("TenantErrorsHigh", len(BUSY)),
        )
    ]

    complaints = check(
        need("promtool", newer=True), _document(Day(errors=failing).series(), expected), tmp_path
    )

    assert not complaints, complaints
