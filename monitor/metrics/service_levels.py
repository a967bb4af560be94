"""How the service does: counts as averages, ratios and percentiles, held against the objectives."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field

from monitor.metrics.catalogue import (
    ANONYMOUS,
    CACHE_REQUESTS,
    HTTP_DURATION,
    NO_TENANT,
    OVERFLOW,
    TENANT_DURATION,
    TENANT_REQUESTS,
    Outcome,
)
from monitor.metrics.family import Families
from monitor.metrics.windows import Percentile, counter_rows, histogram_rows, percentile
from monitor.objectives import Objectives, Threshold

_DIGITS = 6
_BYPASS, _HIT = "bypass", "hit"


@dataclass(slots=True)
class RequestStats:
    """Requests of a route, a tenant or all.

    Attributes:
        seconds: The sum of their durations.
        failed: How many failed on the service's side.
        bounds: Upper bounds of `buckets`, without +Inf.
    """

    bounds: Sequence[float]
    buckets: list[int] = field(default_factory=list)
    count: int = 0
    seconds: float = 0.0
    failed: int = 0

    @property
    def mean_s(self) -> float | None:
        return self.seconds / self.count if self.count else None

    @property
    def error_ratio(self) -> float | None:
        return self.failed / self.count if self.count else None

    def quantile(self, share: float, at_least: int) -> Percentile | None:
        """Return a percentile in seconds; None of fewer requests than `at_least`."""
        return None if self.count < max(1, at_least) else percentile(self.bounds, self.buckets, share)

    def add(self, buckets: Sequence[int], seconds: float) -> None:
        """Add what one histogram counted."""
        own = self.buckets or [0] * len(buckets)
        self.buckets = [mine + more for mine, more in zip(own, buckets, strict=True)]
        self.count += sum(buckets)
        self.seconds += seconds


@dataclass(slots=True)
class Lookups:
    """Cache lookups that the cache was asked for; a bypass was not."""

    total: int = 0
    hits: int = 0

    @property
    def hit_ratio(self) -> float | None:
        return self.hits / self.total if self.total else None

    def add(self, result: str, count: float) -> None:
        """Add lookups that ended with `result`."""
        if result != _BYPASS:
            self.total += int(count)
            self.hits += int(count) if result == _HIT else 0


@dataclass(frozen=True, slots=True)
class Issue:
    """An objective that is broken in the window.

    Attributes:
        value: What was found, in base units.
        tenant: The tenant it is broken for; None for all.
        route: The route it is broken for; None for all.
    """

    threshold: Threshold
    value: float
    tenant: str | None = None
    route: tuple[str, str] | None = None


class ServiceLevels:
    """One reading, by route, by tenant and by cache domain.

    Args:
        reading: Counts of a window, or since the beginning.
        probes: Routes that no user asks for; they count nowhere but in their own row, and so does what
            nobody signed in asked for.
    """

    def __init__(self, reading: Families, probes: Container[str] = ()) -> None:
        self.overall: RequestStats = RequestStats(HTTP_DURATION.buckets)
        self.routes: dict[tuple[str, str], RequestStats] = {}
        self._judged: dict[tuple[str, str], RequestStats] = {}
        self.tenants: dict[str, RequestStats] = {}
        self.lookups: dict[str, dict[str, Lookups]] = {}
        self._take_routes(reading, probes)
        self._take_tenants(reading)
        for (tenant, domain, result), count in counter_rows(reading[CACHE_REQUESTS.name]):
            self.lookups.setdefault(tenant, {}).setdefault(domain, Lookups()).add(result, count)

    def cache(self, tenant: str | None = None, domain: str | None = None) -> Lookups:
        """Add up the lookups of a tenant, a domain, both or all."""
        total = Lookups()
        for domains in self.lookups.values() if tenant is None else [self.lookups.get(tenant, {})]:
            for lookups in domains.values() if domain is None else [domains.get(domain, Lookups())]:
                total.total += lookups.total
                total.hits += lookups.hits
        return total

    def issues(self, objectives: Objectives, seconds: float) -> Iterator[Issue]:
        """Give every broken objective: the service's first, then by route, then by tenant."""
        judge = _Judge(objectives, seconds)
        yield from judge.requests(self.overall)
        yield from judge.lookups(self.cache())
        for route, requests in self._judged.items():
            yield from judge.requests(requests, route=route)
        for tenant, requests in self.tenants.items():
            yield from judge.requests(requests, tenant=tenant)
            yield from judge.lookups(self.cache(tenant), tenant=tenant)

    def _take_routes(self, reading: Families, probes: Container[str]) -> None:
        for labels, buckets, seconds in histogram_rows(reading[HTTP_DURATION.name]):
            method, route, status, _, caller = labels
            rows = [self.routes.setdefault((method, route), RequestStats(HTTP_DURATION.buckets))]
            if caller != ANONYMOUS:
                rows.append(self._judged.setdefault((method, route), RequestStats(HTTP_DURATION.buckets)))
                rows += [] if route in probes else [self.overall]
            for requests in rows:
                requests.add(buckets, seconds)
                requests.failed += sum(buckets) if status.startswith("5") else 0

    def _take_tenants(self, reading: Families) -> None:
        for (tenant,), buckets, seconds in histogram_rows(reading[TENANT_DURATION.name]):
            if tenant != NO_TENANT and (tenant != OVERFLOW or any(buckets)):
                self.tenants.setdefault(tenant, RequestStats(TENANT_DURATION.buckets)).add(buckets, seconds)
        for (tenant, outcome), count in counter_rows(reading[TENANT_REQUESTS.name]):
            if tenant in self.tenants and outcome == Outcome.SERVER_ERROR:
                self.tenants[tenant].failed += int(count)


class _Judge:
    """Holds numbers against the objectives; few events say nothing."""

    def __init__(self, objectives: Objectives, seconds: float) -> None:
        self._objectives = objectives
        self._seconds = seconds

    def requests(
        self, requests: RequestStats, tenant: str | None = None, route: tuple[str, str] | None = None
    ) -> Iterator[Issue]:
        latency, errors = self._objectives.latency_mean, self._objectives.error_ratio
        yield from self._judge(latency, requests.mean_s, requests.count, tenant, route)
        yield from self._judge(errors, requests.error_ratio, requests.count, tenant, route)

    def lookups(self, lookups: Lookups, tenant: str | None = None) -> Iterator[Issue]:
        yield from self._judge(self._objectives.hit_ratio, lookups.hit_ratio, lookups.total, tenant, None)

    def _judge(
        self,
        threshold: Threshold,
        value: float | None,
        events: int,
        tenant: str | None,
        route: tuple[str, str] | None,
    ) -> Iterator[Issue]:
        if value is None or events < threshold.guard_rate * max(self._seconds, threshold.window_s):
            return
        # A mean of exactly 0.1 must compare equal to 0.1 whatever the additions before it.
        value = round(value, _DIGITS)
        if threshold.broken_by(value):
            yield Issue(threshold, value, tenant, route)
