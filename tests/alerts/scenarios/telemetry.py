"""The process and what it tells."""

from __future__ import annotations

from tests.alerts.promtool import Firing, Scenario
from tests.alerts.traffic import Series, counter, gauge, named

REPLICA = {"instance": "10.0.0.1:8000"}


def _lag(*phases: tuple[float, float]) -> Series:
    """Ten observations a second, a share of them between 0.1 and 0.25 s."""
    within = [(minutes, 10 * (1 - share)) for minutes, share in phases]
    every = [(minutes, 10.0) for minutes, _ in phases]
    bounds = (("0.05", within), ("0.1", within), ("0.25", every), ("+Inf", every))
    return {
        named("event_loop_lag_seconds_bucket", le=bound, **REPLICA): counter(*rates)
        for bound, rates in bounds
    }


def _lost(alert: str, metric: str) -> list[Scenario]:
    return [
        Scenario(
            alert,
            "three a second are lost for half an hour",
            {named(metric): counter((20, 0), (30, 3), (60, 0))},
            firing=(Firing("40m", "3"),),
            silent=("19m", "34m", "56m"),
        ),
        Scenario(alert, "one was lost, once", {named(metric): gauge((20, 0), (60, 1))}, lasts="80m"),
    ]


SCENARIOS = [
    Scenario(
        "EventLoopLag",
        "one timer in twenty is late by more than 100 ms",
        _lag((20, 0), (30, 0.05), (60, 0)),
        firing=(Firing("40m", "220ms", REPLICA),),
        silent=("19m", "29m", "65m"),
    ),
    Scenario("EventLoopLag", "one timer in a thousand is late", _lag((60, 0.001)), lasts="1h"),
    Scenario(
        "ScrapeSlow",
        "scrapes take three seconds",
        {named("scrape_duration_seconds", **REPLICA): gauge((20, 0.1), (20, 3), (20, 0.1))},
        firing=(Firing("31m", "3s", REPLICA),),
        silent=("19m", "29m", "41m"),
    ),
    Scenario(
        "ScrapeSlow",
        "scrapes take two seconds, the bound",
        {named("scrape_duration_seconds", **REPLICA): gauge((60, 2))},
        lasts="1h",
    ),
    Scenario(
        "ScrapeLarge",
        "the exposition grows to 20 MiB",
        {named("monitor_scrape_size_bytes", **REPLICA): gauge((20, 1e6), (20, 20 * 2**20), (20, 1e6))},
        firing=(Firing("31m", "20Mi", REPLICA),),
        silent=("19m", "29m", "41m"),
    ),
    Scenario(
        "ScrapeLarge",
        "16 MB, the bound",
        {named("monitor_scrape_size_bytes", **REPLICA): gauge((60, 16e6))},
        lasts="1h",
    ),
    *_lost("TenantBudgetOverflow", "monitor_tenant_overflow_total"),
    Scenario(
        "WorkersRestarting",
        "a worker dies every two minutes for ten minutes",
        {named("monitor_worker_restarts_total"): "0x80 1x8 2x8 3x8 4x8 5x160"},
        firing=(Firing("28m", None),),
        silent=("19m", "60m"),
    ),
    Scenario(
        "WorkersRestarting",
        "one worker dies, once",
        {named("monitor_worker_restarts_total"): "0x80 1x160"},
        lasts="1h",
    ),
    *_lost("SpansDropped", "monitor_spans_dropped_total"),
    *_lost("LogLinesDropped", "monitor_log_lines_dropped_total"),
]
