"""The database pool."""

from __future__ import annotations

from tests.alerts.promtool import Firing, Scenario
from tests.alerts.traffic import counter, gauge, named

REPLICA = {"instance": "10.0.0.1:8000"}


def _pool(*phases: tuple[float, float | None]) -> dict[str, str]:
    return {
        named("db_client_connection_count", state="used", **REPLICA): gauge(*phases),
        named("db_client_connection_count", state="idle", **REPLICA): gauge((90, 0)),
        named("db_client_connection_max", **REPLICA): gauge((90, 20)),
    }


SCENARIOS = [
    Scenario(
        "DatabasePoolExhausted",
        "two waits run out each second for ten minutes",
        {named("db_client_connection_timeouts_total"): counter((20, 0), (10, 2), (60, 0))},
        firing=(Firing("25m", "2"),),
        silent=("19m", "21m", "65m"),
    ),
    Scenario(
        "DatabasePoolExhausted",
        "one wait ran out, once",
        {named("db_client_connection_timeouts_total"): gauge((20, 0), (60, 1))},
        lasts="80m",
    ),
    Scenario(
        "DatabasePoolSaturated",
        "19 of 20 connections in use",
        _pool((20, 5), (20, 19), (50, 5)),
        firing=(Firing("31m", "95%", REPLICA),),
        silent=("19m", "29m", "46m"),
    ),
    Scenario("DatabasePoolSaturated", "18 of 20 are within the bound", _pool((90, 18)), lasts="90m"),
]
