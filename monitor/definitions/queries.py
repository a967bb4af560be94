"""The PromQL that rules and dashboards share: each question is asked in one way."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.metrics.catalogue import (
    ANONYMOUS,
    CACHE_REQUESTS,
    HTTP_DURATION,
    NO_TENANT,
    TENANT_DURATION,
    TENANT_REQUESTS,
    Outcome,
)

# A mean of exactly 0.1 must compare equal to 0.1 whatever the order of the divisions before it.
PRECISION = "0.000001"

AUTHENTICATED = f'tenant!="{NO_TENANT}"'

# A bypass was asked for (switch, rollout, quarantine) and says nothing about how well the cache serves.
LOOKED_UP = 'result!="bypass"'
HITS = 'result="hit"'


def quoted_regex(routes: tuple[str, ...]) -> str:
    """Write an alternation of routes for a PromQL string; `*` at the end stands for whatever follows."""
    return "|".join(route.replace(".", "\\\\.").replace("*", ".*") for route in routes)


def ratio(part: str, whole: str) -> str:
    """Divide, leaving out what has no whole: 0/0 is no sample rather than NaN."""
    return f"round({part} / ({whole} > 0), {PRECISION})"


@dataclass(frozen=True, slots=True)
class Requests:
    """Where requests are counted and timed.

    Attributes:
        count: The counting series.
        histogram: The family that times them.
        failed: The matcher of requests that failed on the server's side.
        counted: Matchers that leave out what no user asked for.
    """

    count: str
    histogram: str
    failed: str
    counted: tuple[str, ...] = ()


def service_requests(uncounted: tuple[str, ...]) -> Requests:
    """Return the family by method, route and status; it knows no tenant."""
    return Requests(
        count=f"{HTTP_DURATION.name}_count",
        histogram=HTTP_DURATION.name,
        failed='error_type!=""',
        # Whoever signed in nowhere must not be able to trip a page, nor to dilute what would.
        counted=(f'http_route!~"{quoted_regex(uncounted)}"', f'caller!="{ANONYMOUS}"'),
    )


TENANT_FAMILY = Requests(
    count=TENANT_REQUESTS.name,
    histogram=TENANT_DURATION.name,
    failed=f'outcome="{Outcome.SERVER_ERROR}"',
)


@dataclass(frozen=True, slots=True)
class Queries:
    """Builds queries over one choice of series and one window.

    Attributes:
        requests: Where requests are counted.
        window: The range of every rate, such as `5m` or `$__rate_interval`.
        matchers: Matchers put on every series.
    """

    requests: Requests
    window: str
    matchers: tuple[str, ...] = ()

    def series(self, name: str, *more: str) -> str:
        chosen = ",".join(part for part in (*self.matchers, *more) if part)
        return f"{name}{{{chosen}}}" if chosen else name

    def per_second(self, name: str, by: str, *more: str) -> str:
        """Sum the rate of a counter by labels."""
        return f"sum by ({by}) (rate({self.series(name, *more)}[{self.window}]))"

    def rate(self, by: str, *more: str) -> str:
        return self.per_second(self.requests.count, by, *self.requests.counted, *more)

    def errors(self, by: str, *more: str) -> str:
        """Sum failed requests a second; 0, not nothing, where there were none."""
        return f"({self.rate(by, self.requests.failed, *more)} or 0 * {self.rate(by, *more)})"

    def mean(self, by: str, *more: str) -> str:
        """Average duration in seconds; no sample without requests."""
        name, counted = self.requests.histogram, self.requests.counted
        total = self.per_second(f"{name}_sum", by, *counted, *more)
        return ratio(total, self.per_second(f"{name}_count", by, *counted, *more))

    def quantile(self, q: float, by: str, *more: str) -> str:
        return self.quantile_of(q, self.requests.histogram, by, *self.requests.counted, *more)

    def quantile_of(self, q: float, histogram: str, by: str, *more: str) -> str:
        """Estimate a quantile of any histogram; `by` may be empty."""
        labels = f"le, {by}" if by else "le"
        return f"histogram_quantile({q:g}, {self.per_second(f'{histogram}_bucket', labels, *more)})"

    def mean_of(self, histogram: str, by: str, *more: str) -> str:
        total = self.per_second(f"{histogram}_sum", by, *more)
        return ratio(total, self.per_second(f"{histogram}_count", by, *more))

    def slower_than(self, bound_s: float, by: str, *more: str) -> str:
        """Sum requests a second over a bucket bound."""
        within = self.per_second(
            f"{self.requests.histogram}_bucket", by, *self.requests.counted, f'le="{bound_s:g}"', *more
        )
        return f"({self.rate(by, *more)} - {within})"

    def lookups(self, by: str, *more: str) -> str:
        """Sum cache lookups a second that the cache was asked to answer."""
        return self.per_second(CACHE_REQUESTS.name, by, LOOKED_UP, *more)

    def hit_ratio(self, by: str, *more: str) -> str:
        hits = self.per_second(CACHE_REQUESTS.name, by, HITS, *more)
        lookups = self.lookups(by, *more)
        return ratio(f"({hits} or 0 * {lookups})", lookups)
