"""Everything the console shows at one moment, looked up once for all who watch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from monitor.clock import Clock
from monitor.console.alarms import Alarm, alarms
from monitor.console.figures import Figures
from monitor.console.history import History, Point
from monitor.console.onsets import Onset, onsets
from monitor.errors import DatabaseError
from monitor.metrics.service_levels import Issue, ServiceLevels
from monitor.metrics.windows import Windows
from monitor.objectives import Objectives, Threshold
from monitor.operations.health import Finding
from monitor.tenancy.naming import TenantNaming

Scopes = Sequence[tuple[int | None, str | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The service at one moment.

    Attributes:
        at: When, in seconds since the Unix epoch.
        monotonic: When, in monotonic seconds, as the points and alarms count.
        seconds: The window of `performance` and `issues`.
        performance: Requests and lookups by route, tenant and domain in the window.
        issues: Every broken objective in the window.
        points: The last minutes, oldest first; the last one is not over yet.
        alarms: The objectives' states.
        figures: The kit's own gauges and counters as they stand.
        checks: What the health checks found, by name.
        off: What the cache is switched off for; None where that cannot be told.
        seconds_taken: What it cost beside the serving loop.
        onsets: When the issues began, of those that the remembered steps can tell.
        naming: What the service calls its tenants.
    """

    at: float
    monotonic: float
    seconds: float
    performance: ServiceLevels
    issues: Sequence[Issue]
    points: Sequence[Point]
    alarms: Sequence[Alarm]
    figures: Figures
    checks: Mapping[str, Finding]
    off: Scopes | None
    seconds_taken: float
    onsets: Mapping[Issue, Onset] = field(default_factory=dict)
    naming: TenantNaming = field(default_factory=TenantNaming)

    def breaks(self, threshold: Threshold, of: str | tuple[str, str] | None = None) -> bool:
        """Say whether an objective is broken in the window: of a tenant, of a route, or of all."""
        return any(
            issue.threshold is threshold and of == (issue.tenant or issue.route) for issue in self.issues
        )

    def per_second(self, count: float) -> float | None:
        """Return the rate of what was counted in the window."""
        return count / self.seconds if self.seconds else None

    def moment(self, monotonic: float) -> float:
        """Return a monotonic moment as seconds since the Unix epoch."""
        return self.at - (self.monotonic - monotonic)


class Surveyor:
    """Looks the service over.

    Args:
        windows: The counts of all workers.
        objectives: What alarms and issues are.
        check: Runs the health checks.
        off: Tells what the cache is switched off for.
        executor: Where to compute, off the serving loop.
        naming: What the service calls its tenants.
        window_s: The window of averages, ratios and percentiles.
        probes: Routes that no user asks for.
    """

    def __init__(
        self,
        windows: Windows,
        objectives: Objectives,
        check: Callable[[], Awaitable[Mapping[str, Finding]]],
        off: Callable[[], Awaitable[Scopes]],
        executor: Executor | None,
        clock: Clock,
        *,
        naming: TenantNaming,
        window_s: float = 300.0,
        probes: Container[str] = (),
    ) -> None:
        self._windows = windows
        self._objectives = objectives
        self._check = check
        self._off = off
        self._executor = executor
        self._clock, self._naming = clock, naming
        self._window_s = window_s
        self._probes = probes
        self._history = History(windows, clock, probes)

    async def look(self) -> Snapshot:
        """Return how the service does now."""
        checks, off = await asyncio.gather(self._check(), self._switched_off())
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._compute, checks, off)

    async def _switched_off(self) -> Scopes | None:
        try:
            return await self._off()
        except DatabaseError:
            return None

    def _compute(self, checks: Mapping[str, Finding], off: Scopes | None) -> Snapshot:
        started = self._clock.monotonic()
        window, short = self._windows.over_each(self._window_s, self._windows.step_s)
        performance = ServiceLevels(window.reading, self._probes)
        past = self._history.points()
        points = (*past, self._history.current(short))
        issues = list(performance.issues(self._objectives, window.seconds))
        began = onsets(issues, past, self._windows)
        now = self._clock.monotonic()
        return Snapshot(
            at=self._clock.time(),
            monotonic=now,
            seconds=window.seconds,
            performance=performance,
            issues=issues,
            points=points,
            alarms=alarms(self._objectives, points[:-1] or points),
            figures=Figures(window.totals),
            checks=checks,
            off=off,
            seconds_taken=now - started,
            onsets=began,
            naming=self._naming,
        )
