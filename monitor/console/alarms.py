"""The alerts' state, told from the last minutes by the same objectives.

Prometheus decides who is paged, with hours of memory. This tells an operator where each
objective stands by the same bound, window, guard and waiting time, with the minutes that the
service itself remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.console.history import Point, added
from monitor.metrics.service_levels import Lookups
from monitor.objectives import Objectives, Threshold

_DIGITS = 6


class State(StrEnum):
    """Where an objective stands."""

    WHOLE = "whole"  # within the objective
    QUIET = "quiet"  # too little traffic to say
    PENDING = "pending"  # broken, not for long enough to page
    FIRING = "firing"  # broken for long enough
    EASING = "easing"  # whole again, not for long enough to end the page


@dataclass(frozen=True, slots=True)
class Alarm:
    """One objective's state.

    Attributes:
        value: What it was last held against, in base units; None of nothing.
        since: When the state began, in monotonic seconds.
        at_least: Whether it may have begun earlier than the service remembers.
    """

    threshold: Threshold
    state: State
    value: float | None
    since: float
    at_least: bool

    @property
    def burning(self) -> bool:
        """Whether an operator should look."""
        return self.state not in (State.WHOLE, State.QUIET)


PointMeasure = Callable[[Sequence[Point]], tuple[float | None, int]]


def alarms(objectives: Objectives, points: Sequence[Point]) -> list[Alarm]:
    """Return the state of each objective of the whole service.

    Args:
        objectives: The bounds, windows and waiting times.
        points: What happened, step by step, oldest first.
    """
    thresholds = (objectives.latency_mean, objectives.error_ratio, objectives.hit_ratio)
    return [_alarm(threshold, points) for threshold in thresholds]


def broken_since(threshold: Threshold, points: Sequence[Point]) -> tuple[float, bool] | None:
    """Return since when a value over the threshold's window has been broken without a break.

    Returns:
        The moment, and whether it may have been earlier than the points go back; None where the
        last value is whole.
    """
    began: float | None = None
    for at, point in enumerate(points):
        value, _ = _value(threshold, points[: at + 1])
        if value is None or not threshold.broken_by(round(value, _DIGITS)):
            began = None
        elif began is None:
            began = point.at
    return None if began is None else (began, began == points[0].at)


def _alarm(threshold: Threshold, points: Sequence[Point]) -> Alarm:
    course = _Course(threshold)
    for at in range(len(points)):
        found, events = _value(threshold, points[: at + 1])
        course.take(points[at].at, found, events)
    return course.alarm()


class _Course:
    """Follows one objective as Prometheus does: `for` before it fires, `keep_firing_for` after."""

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold
        self._state = State.QUIET
        self._since: float | None = None
        self._began: float | None = None
        self._value: float | None = None

    def take(self, at: float, value: float | None, events: int) -> None:
        """Hold what was found at a moment against the bound."""
        if self._began is None:
            self._began = at
        threshold = self._threshold
        self._value = None if value is None else round(value, _DIGITS)
        heard = self._value is not None and events >= threshold.guard_rate * threshold.window_s
        broken = heard and self._value is not None and threshold.broken_by(self._value)
        self._become(self._next(at, heard=heard, broken=broken), at)

    def alarm(self) -> Alarm:
        since = 0.0 if self._since is None else self._since
        return Alarm(self._threshold, self._state, self._value, since, self._since == self._began)

    def _next(self, at: float, *, heard: bool, broken: bool) -> State:
        state, lasted = self._state, at - (at if self._since is None else self._since)
        if broken:
            if state in (State.FIRING, State.EASING):
                return State.FIRING
            waited = state is State.PENDING and lasted >= self._threshold.for_s
            return State.FIRING if waited or not self._threshold.for_s else State.PENDING
        if state is State.FIRING or (state is State.EASING and lasted < self._threshold.keep_firing_s):
            return State.EASING
        return State.WHOLE if heard else State.QUIET

    def _become(self, state: State, at: float) -> None:
        if state is not self._state or self._since is None:
            self._state, self._since = state, at


def _value(threshold: Threshold, points: Sequence[Point]) -> tuple[float | None, int]:
    """Return what the window that ends with the points held, and of how many events."""
    ends = points[-1].at - threshold.window_s
    return _VALUES[threshold.name]([point for point in points if point.at > ends])


def _mean(points: Sequence[Point]) -> tuple[float | None, int]:
    count = sum(point.requests.count for point in points)
    return (sum(point.requests.seconds for point in points) / count if count else None), count


def _errors(points: Sequence[Point]) -> tuple[float | None, int]:
    count = sum(point.requests.count for point in points)
    return (sum(point.requests.failed for point in points) / count if count else None), count


def _hits(points: Sequence[Point]) -> tuple[float | None, int]:
    lookups: Lookups = added(point.lookups for point in points)
    return lookups.hit_ratio, lookups.total


_VALUES: Final[Mapping[str, PointMeasure]] = {
    "latency_mean": _mean,
    "error_ratio": _errors,
    "hit_ratio": _hits,
}
