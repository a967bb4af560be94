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

NIGHT = (Phase(60, rate=0.8), Phase(30, rate=0.3), Phase(30, rate=0.05), Phase(360, rate=0.0))
WEEK = tuple(phase for _ in range(7) for phase in (*NIGHT, Phase(960, rate=4.0)))


def _cut(series: dict[str, str], after_minutes: float) -> dict[str, str]:
    """End every series, as a restart that forgets them does."""
    return {name: f"{values} stale _x{round(after_minutes * 4)}" for name, values in series.items()}


SCENARIOS = [
    Scenario(
        "ServiceDown",
        "both replicas die",
        _up(DOWN, DOWN),
        firing=(Firing("22m", "0"),),
        silent=("19m", "20m30s", "65m"),
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
        silent=("19m", "24m", "75m"),
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
        _up(gauge((120, 1))) | service(Phase(60), Phase(30, rate=0.0), Phase(30)),
        firing=(Firing("71m", "1"),),
        silent=("59m", "66m", "95m"),
    ),
    Scenario(
        "NoTraffic",
        "an evening fades into a night without a request",
        _up(gauge((700, 1), step_s=60.0))
        | service(
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
    Scenario(
        "NoTraffic",
        "a restart behind a dead load balancer: the fresh processes have no series at all",
        _up(UP) | _cut(service(Phase(60)), after_minutes=30),
        firing=(Firing("71m", "1"),),
        silent=("59m", "64m"),
    ),
    Scenario(
        "NoTraffic",
        "it lasts for eight hours: the page stays until the first request comes",
        _up(gauge((660, 1), step_s=60.0)) | service(Phase(60), Phase(480, rate=0.0), Phase(120), step_s=60.0),
        firing=(Firing("72m", "1"), Firing("4h", "1"), Firing("9h", "1")),
        silent=("59m", "10h"),
        step="1m",
    ),
    Scenario(
        "NoTraffic",
        "the morning does not come that came a week ago",
        _up(gauge((8 * 1440, 1), step_s=120.0)) | service(*WEEK, *NIGHT, Phase(960, rate=0.0), step_s=120.0),
        firing=(Firing("176h45m", "1"),),
        silent=("32h", "128h", "168h", "175h45m"),
        step="2m",
    ),
    Scenario("NoTraffic", "a new installation nobody uses yet", service(Phase(120, rate=0.0)), lasts="2h"),
    Scenario("Watchdog", "nothing is known at all", {}, firing=(Firing("0s"), Firing("5m"))),
]
