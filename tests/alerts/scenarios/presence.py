"""Targets, traffic and the watchdog."""

from __future__ import annotations

from tests.alerts.promtool import Firing, Scenario
from tests.alerts.traffic import Phase, gauge, named, service


def _up(*replicas: str) -> dict[str, str]:
    return {
        named("up", instance=f"10.0.0.{number}:8000"): values for number, values in enumerate(replicas, 1)
    }


DOWN = gauge((20, 1), (10, 0), (60, 1))
GONE = gauge((20, 1), (20, None), (60, 1))
UP = gauge((90, 1))

SCENARIOS = [
    Scenario(
        "ServiceDown",
        "both replicas die",
        _up(DOWN, DOWN),
        firing=(Firing("22m", "0"),),
        silent=("19m", "20m30s", "50m"),
    ),
    Scenario("ServiceDown", "one of two replicas dies", _up(DOWN, UP), lasts="90m"),
    Scenario(
        "ServiceDown", "a restart of thirty seconds", _up(gauge((20, 1), (0.5, 0), (60, 1))), lasts="80m"
    ),
    Scenario(
        "ServiceMissing",
        "discovery loses every target",
        _up(GONE),
        firing=(Firing("27m"),),
        silent=("19m", "24m", "60m"),
    ),
    Scenario("ServiceMissing", "a target is there and down", _up(gauge((60, 0))), lasts="1h"),
    Scenario(
        "ReplicaDown",
        "one of two replicas dies",
        _up(DOWN, UP),
        firing=(Firing("26m", "0", {"instance": "10.0.0.1:8000"}),),
        silent=("19m", "24m", "31m"),
    ),
    Scenario("ReplicaDown", "both die, which ServiceDown says", _up(DOWN, DOWN), lasts="90m"),
    Scenario(
        "ReplicaDown",
        "a rolling deployment takes two minutes a replica",
        _up(gauge((20, 1), (2, 0), (60, 1)), gauge((22, 1), (2, 0), (58, 1))),
        lasts="80m",
    ),
    Scenario(
        "NoTraffic",
        "the load balancer stops sending",
        service(Phase(60), Phase(30, rate=0.0), Phase(30)),
        firing=(Firing("71m", "0"),),
        silent=("59m", "66m", "95m"),
    ),
    Scenario(
        "NoTraffic",
        "an evening fades into a night without a request",
        service(
            Phase(60, rate=2.0),
            Phase(30, rate=0.8),
            Phase(30, rate=0.2),
            Phase(15, rate=0.02),
            Phase(480, rate=0.0),
            step_s=60.0,
        ),
        step="1m",
        lasts="10h",
    ),
    Scenario("NoTraffic", "a new installation nobody uses yet", service(Phase(120, rate=0.0)), lasts="2h"),
    Scenario("Watchdog", "nothing is known at all", {}, firing=(Firing("0s"), Firing("5m"))),
]
