"""What the definitions are written for: one service, its links and its pace."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.objectives import Objectives

PROBE_ROUTES = (
    "/api/health",
    "/api/health/*",
    "/metrics",
    "/console",
    "/console/*",
    "/api/metrics",
    "/api/traces",
    "/api/cache/*",
    "/api/stress/*",
)
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))


def duration(seconds: float) -> str:
    """Write `seconds` as a Prometheus duration, such as `1h30m`; to the millisecond."""
    left = round(seconds * 1_000)
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


@dataclass(frozen=True, slots=True)
class Deployment:
    """The service that the rules, routes and dashboards are written for.

    Attributes:
        job: Its Prometheus job; every rule selects it and every alert carries it.
        title: Its name on pages and dashboards.
        objectives: Its promises.
        pace: Factor on every window and waiting time. 1 in production; a small one
            lets a test see the same rules fire within seconds.
        floor_s: Least duration after the pace: no window may be shorter than two scrapes.
        evaluation_s: How often Prometheus evaluates rules; only the unhurried groups name it.
        grafana_url: Base address of the links to dashboards.
        runbooks_url: Base address of the links to runbooks.
        probe_routes: Routes that no clinic asks for, but probes and operators; they count in no
            objective. `*` at the end stands for whatever follows.
    """

    job: str = "taskmed"
    title: str = "TaskMed"
    objectives: Objectives = field(default_factory=Objectives)
    pace: float = 1.0
    floor_s: float = 0.0
    grafana_url: str = "http://localhost:3000"
    runbooks_url: str = "https://taskmed.example/docs/runbooks"
    probe_routes: tuple[str, ...] = PROBE_ROUTES

    def span(self, seconds: float) -> str:
        """Write a nominal time at this deployment's pace, as a Prometheus duration."""
        return duration(max(seconds * self.pace, self.floor_s)) if seconds else "0s"

    def per_window(self, seconds: float) -> float:
        """Return the seconds that a nominal window really lasts, for counts made from rates."""
        return max(seconds * self.pace, self.floor_s)
