"""Since when an objective is broken: for the service, a route or a tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.console.alarms import broken_since
from monitor.console.history import Point, course, route_courses
from monitor.metrics.service_levels import Issue
from monitor.metrics.windows import Windows

# Looking back costs a walk over the steps for each tenant; the worst few are what an operator asks about.
_MOST_TENANTS: Final = 12


@dataclass(frozen=True, slots=True)
class Onset:
    """When an issue began.

    Attributes:
        at: In monotonic seconds.
        at_least: Whether it may have begun earlier than the service remembers.
    """

    at: float
    at_least: bool


def onsets(issues: Collection[Issue], points: Sequence[Point], windows: Windows) -> Mapping[Issue, Onset]:
    """Return the beginning of each issue that the steps can tell; call it off the serving loop.

    Args:
        issues: What is broken now.
        points: What happened in the whole service, step by step.
        windows: Remembers the steps of tenants and routes.
    """
    tenants = list(dict.fromkeys(issue.tenant for issue in issues if issue.tenant))[:_MOST_TENANTS]
    routes = {issue.route for issue in issues if issue.route}
    courses: dict[str | tuple[str, str] | None, Sequence[Point]] = {None: points}
    courses.update((tenant, course(windows, tenant)) for tenant in tenants)
    if routes:
        courses.update((route, found) for route, found in route_courses(windows, routes).items())
    began = {
        issue: broken_since(issue.threshold, courses.get(issue.tenant or issue.route, ())) for issue in issues
    }
    return {issue: Onset(*since) for issue, since in began.items() if since is not None}
