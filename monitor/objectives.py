"""What the service promises, in one place.

Alert rules, dashboards, health and `/api/metrics` all take their numbers from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that is watched over a window.

    Attributes:
        name: A word for labels and links, such as `latency_mean`.
        bound: The number itself, in base units; crossing it is strict, so a value equal to
            the bound is still within the objective.
        above: Whether a value above the bound breaks it (else below).
        window_s: Length of the window the value is computed over.
        for_s: How long the value must stay broken before a page.
        keep_firing_s: How long a page stays after the value is whole again.
        guard_rate: Events a second under which no page is sent: few events say little.
        normal: The normal range, as text for the page.
        unit: `s` or `ratio`.
    """

    name: str
    bound: float
    above: bool
    normal: str
    unit: str
    window_s: float = 300.0
    for_s: float = 300.0
    keep_firing_s: float = 300.0
    guard_rate: float = 0.1

    def broken_by(self, value: float) -> bool:
        """Say whether `value` breaks the objective; strict at the bound."""
        return value > self.bound if self.above else value < self.bound


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """A service level objective with an error budget (SRE workbook, chapter 5).

    Attributes:
        name: A word for rule names: `availability` or `latency`.
        target: The share of good events promised, between 0 and 1.
        period_days: The period the budget is counted over.
        latency_bound_s: For a latency objective, the bound under which a request is good;
            it must be a bucket bound of the request histogram.
    """

    name: str
    target: float
    period_days: int = 30
    latency_bound_s: float | None = None


@dataclass(frozen=True, slots=True)
class Objectives:
    """Every promise of the service."""

    latency_mean: Threshold = field(
        default_factory=lambda: Threshold("latency_mean", 0.100, above=True, normal="5 to 50 ms", unit="s")
    )
    hit_ratio: Threshold = field(
        default_factory=lambda: Threshold(
            "hit_ratio", 0.70, above=False, normal="85 to 99 %", unit="ratio", window_s=600.0, for_s=600.0
        )
    )
    error_ratio: Threshold = field(
        default_factory=lambda: Threshold("error_ratio", 0.05, above=True, normal="0 to 1 %", unit="ratio")
    )
    availability: ServiceLevel = field(default_factory=lambda: ServiceLevel("availability", 0.999))
    latency: ServiceLevel = field(default_factory=lambda: ServiceLevel("latency", 0.99, latency_bound_s=0.1))

    @property
    def thresholds(self) -> tuple[Threshold, Threshold, Threshold]:
        return (self.latency_mean, self.hit_ratio, self.error_ratio)
