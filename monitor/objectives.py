"""What the service promises, in one place.

Alert rules, dashboards, health and `/api/metrics` all take their numbers from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.route_set import KIT_ROUTES

SHORT_S = 150.0  # two scrapes lie in it also where Prometheus comes once a minute


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
        tenant_delay_s: How much longer than the service's a single tenant's value must stay
            broken, so that a fault of all is told once, by the service's page.
        short_s: Length of a second window that must be broken too: it is whole again soon after
            the fault is over, so that what happened once is no page. 0: none.
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
    tenant_delay_s: float = 120.0
    short_s: float = 0.0

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
class LowVolume:
    """When a quiet tenant's lasting failure becomes a ticket.

    A tenant under its threshold's `guard_rate` never pages; over hours even few events say enough.

    Attributes:
        windows_s: Windows the events are counted over; any of them is enough.
        min_errors: Failed requests in the window.
        min_requests: Requests in the window before its mean says anything.
        all_failed_s: Window in which a tenant whose every request failed is told of, however few.
        for_s: How long it must last.
    """

    windows_s: tuple[float, ...] = (3_600.0, 21_600.0)
    min_errors: int = 5
    min_requests: int = 20
    for_s: float = 1_800.0
    all_failed_s: float = 21_600.0


@dataclass(frozen=True, slots=True)
class BurnRate:
    """One pair of windows over which the error budget is watched (SRE workbook, chapter 5).

    Attributes:
        long_s: The window that says it matters.
        short_s: The window that says it still goes on.
        factor: Times the even pace at which the budget burns.
        for_s: How long both must last.
        page: Whether it pages (else a ticket).
    """

    long_s: float
    short_s: float
    factor: float
    for_s: float
    page: bool


BURN_RATES = (
    BurnRate(3_600.0, 300.0, 14.4, 360.0, page=True),
    BurnRate(21_600.0, 1_800.0, 6.0, 900.0, page=True),
    BurnRate(86_400.0, 7_200.0, 3.0, 3_600.0, page=False),
    BurnRate(259_200.0, 21_600.0, 1.0, 10_800.0, page=False),
)


@dataclass(frozen=True, slots=True)
class Failing:
    """When so much fails that nobody waits for the ordinary thresholds.

    Attributes:
        ratio: Share of failed requests over `SHORT_S`; crossing is strict.
        for_s: How long it must last.
        keep_firing_s: How long the page stays after: bursts that come again within it are one page.
        tenant_delay_s: How much longer a single tenant's must last, and less long its page stays, so
            that a failure of all is told once, by the service's page.
    """

    ratio: float = 0.5
    for_s: float = 75.0
    keep_firing_s: float = 1_500.0
    tenant_delay_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what is watched around the objectives; crossing is strict.

    Attributes:
        tenants_at_once: More tenants broken together than this are one page, not many.
        burn_events: Bad requests in a burn rate's long window before it says anything.
        traffic_floor: Requests a second; a service that had more and now has none has lost its users.
        outbox_lag_s: Age of the oldest invalidation in the outbox.
        pool_used: Share of the database pool in use.
        loop_lag_s: 99th percentile of the event loop's lag; a bucket bound of its histogram.
        worker_restarts: Workers that died within a quarter of an hour.
        scrape_s: Duration of a scrape.
        scrape_bytes: Size of a scrape.
    """

    tenants_at_once: int = 10
    burn_events: int = 10
    traffic_floor: float = 1.0
    outbox_lag_s: float = 30.0
    pool_used: float = 0.9
    loop_lag_s: float = 0.1
    worker_restarts: int = 2
    scrape_s: float = 2.0
    scrape_bytes: float = 16_000_000.0


@dataclass(frozen=True, slots=True)
class Objectives:
    """Every promise of the service.

    Attributes:
        latency_mean: The mean response time.
        hit_ratio: The cache's hit ratio.
        error_ratio: The share of failed requests.
        availability: The error budget of failures.
        latency: The error budget of slow answers.
        low_volume: When a quiet tenant's failures are told.
        burn_rates: How fast the budgets may burn.
        failing: When most requests fail.
        uncounted: Routes that no tenant asks for, which count in none of these; `*` at the end
            stands for whatever follows. A service adds its own to `KIT_ROUTES`.
        limits: Bounds of what is watched around.
    """

    latency_mean: Threshold = field(
        default_factory=lambda: Threshold(
            "latency_mean", 0.100, above=True, normal="5 to 50 ms", unit="s", short_s=SHORT_S
        )
    )
    hit_ratio: Threshold = field(
        default_factory=lambda: Threshold(
            "hit_ratio",
            0.70,
            above=False,
            normal="85 to 99 %",
            unit="ratio",
            window_s=600.0,
            for_s=900.0,
            guard_rate=1.0,
        )
    )
    error_ratio: Threshold = field(
        default_factory=lambda: Threshold(
            "error_ratio", 0.05, above=True, normal="0 to 1 %", unit="ratio", short_s=SHORT_S
        )
    )
    availability: ServiceLevel = field(default_factory=lambda: ServiceLevel("availability", 0.999))
    latency: ServiceLevel = field(default_factory=lambda: ServiceLevel("latency", 0.99, latency_bound_s=0.1))
    low_volume: LowVolume = field(default_factory=LowVolume)
    burn_rates: tuple[BurnRate, ...] = BURN_RATES
    failing: Failing = field(default_factory=Failing)
    uncounted: tuple[str, ...] = KIT_ROUTES
    limits: Limits = field(default_factory=Limits)

    @property
    def thresholds(self) -> tuple[Threshold, Threshold, Threshold]:
        return (self.latency_mean, self.hit_ratio, self.error_ratio)
