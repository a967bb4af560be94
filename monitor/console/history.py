"""The last minutes, step by step: what the charts draw and the alerts' state is told from.

The steps are the differences between snapshots that are taken anyway, so nothing is recorded
for the console while nobody watches; while somebody does, up to an hour is remembered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from monitor.clock import Clock
from monitor.metrics.catalogue import (
    ANONYMOUS,
    CACHE_REQUESTS,
    HTTP_DURATION,
    TENANT_DURATION,
    TENANT_REQUESTS,
    Outcome,
)
from monitor.metrics.family import Families, Family
from monitor.metrics.service_levels import Lookups, RequestStats
from monitor.metrics.windows import Step, Window, Windows, counter_rows, histogram_rows

_LONGEST_S: Final = 3_600.0
_FEWEST: Final = 5


@dataclass(frozen=True, slots=True)
class Point:
    """What happened in one step.

    Attributes:
        at: When it ended, in monotonic seconds.
        seconds: How long it was.
        requests: What users asked for; probes are left out.
        domains: Cache lookups by domain.
    """

    at: float
    seconds: float
    requests: RequestStats
    domains: Mapping[str, Lookups] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return self.requests.count / self.seconds if self.seconds else 0.0

    @property
    def lookups(self) -> Lookups:
        """The lookups of all domains."""
        return added(self.domains.values())

    def quantile_s(self, share: float) -> float | None:
        """Return a percentile in seconds; None of too few requests."""
        found = self.requests.quantile(share, _FEWEST)
        return None if found is None else found.value


class History:
    """Remembers a point for each step; used by one thread at a time.

    Args:
        windows: Where the steps come from.
        probes: Routes that no user asks for.
    """

    def __init__(self, windows: Windows, clock: Clock, probes: Container[str] = ()) -> None:
        self._windows = windows
        self._clock = clock
        self._probes = probes
        self._points: deque[Point] = deque(maxlen=int(_LONGEST_S / windows.step_s))

    def points(self) -> tuple[Point, ...]:
        """Return every point, oldest first, the steps since the last call among them."""
        last = self._points[-1].at if self._points else float("-inf")
        for step in self._windows.steps(last, (HTTP_DURATION, CACHE_REQUESTS)):
            if self._points and step.ended - step.seconds > self._points[-1].at:
                self._points.clear()  # nobody watched for so long that steps are lost
            self._points.append(point(step.ended, step.seconds, step.reading, self._probes))
        return tuple(self._points)

    def current(self, window: Window) -> Point:
        """Return the step that is not over yet, as the short window `window` shows it."""
        return point(self._clock.monotonic(), window.seconds, window.reading, self._probes)


def point(at: float, seconds: float, reading: Families, probes: Container[str]) -> Point:
    """Add up what a step counted."""
    requests = RequestStats(HTTP_DURATION.buckets)
    for (_, route, status, _, caller), buckets, total in histogram_rows(reading[HTTP_DURATION.name]):
        if route not in probes and caller != ANONYMOUS:
            requests.add(buckets, total)
            requests.failed += sum(buckets) if status.startswith("5") else 0
    return Point(at, seconds, requests, _domains(reading[CACHE_REQUESTS.name]))


def course(windows: Windows, tenant: str) -> list[Point]:
    """Return the last minutes of one tenant, step by step; call it off the serving loop."""
    metrics = (TENANT_DURATION, TENANT_REQUESTS, CACHE_REQUESTS)
    return [_tenant_point(step) for step in windows.steps(float("-inf"), metrics, tenant)]


def route_courses(
    windows: Windows, routes: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[Point]]:
    """Return the last minutes of some routes, by (method, template), from one walk over the steps."""
    courses: dict[tuple[str, str], list[Point]] = {route: [] for route in routes}
    for step in windows.steps(float("-inf"), (HTTP_DURATION,)):
        found = {route: RequestStats(HTTP_DURATION.buckets) for route in routes}
        for (method, route, status, _, _), buckets, total in histogram_rows(step.reading[HTTP_DURATION.name]):
            requests = found.get((method, route))
            if requests is not None:
                requests.add(buckets, total)
                requests.failed += sum(buckets) if status.startswith("5") else 0
        for key, requests in found.items():
            courses[key].append(Point(step.ended, step.seconds, requests))
    return courses


def _tenant_point(step: Step) -> Point:
    requests = RequestStats(TENANT_DURATION.buckets)
    for _, buckets, total in histogram_rows(step.reading[TENANT_DURATION.name]):
        requests.add(buckets, total)
    for (_, outcome), count in counter_rows(step.reading[TENANT_REQUESTS.name]):
        requests.failed += int(count) if outcome == Outcome.SERVER_ERROR else 0
    return Point(step.ended, step.seconds, requests, _domains(step.reading[CACHE_REQUESTS.name]))


def added(lookups: Iterable[Lookups]) -> Lookups:
    """Add lookups up."""
    total = Lookups()
    for each in lookups:
        total.total += each.total
        total.hits += each.hits
    return total


def _domains(family: Family) -> dict[str, Lookups]:
    # All tenants' values of one domain and result lie a stride apart: summed in C.
    found: dict[str, Lookups] = {}
    for at, (domain, result) in enumerate(family.variants):
        count = sum(family.values[at :: len(family.variants)])
        found.setdefault(domain, Lookups()).add(result, count)
    return found
