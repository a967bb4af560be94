"""`GET /api/metrics`: how the service does, as JSON, for its operators and for each tenant's own users."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from concurrent.futures import Executor
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from monitor.metrics.catalogue import TENANT_DURATION
from monitor.metrics.service_levels import Issue, Lookups, RequestStats, ServiceLevels
from monitor.metrics.windows import Window, Windows
from monitor.objectives import Objectives
from monitor.operations.json_body import JsonBody
from monitor.problems import problem
from monitor.tenancy.identity import Identity
from monitor.tenancy.naming import TenantNaming

_SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


class Bound(msgspec.Struct, rename="camel"):
    """How far each percentile can be off, in milliseconds; null where the value is only a lower bound."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class Latency(msgspec.Struct, rename="camel"):
    """Response times of the window in milliseconds; null under the sample minimum."""

    avg_response_time: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    error_bound: Bound


class Api(Latency):
    """All requests: how many since the beginning, and how they went in the window."""

    total_calls: int
    error_rate: str | None


class CacheDomain(msgspec.Struct, rename="camel"):
    """Lookups of one domain."""

    domain: str
    hit_rate: str | None
    total: int


class CacheSummary(msgspec.Struct, rename="camel"):
    """Lookups: how many since the beginning, and the hit rate of the window."""

    hit_rate: str | None
    total: int
    domains: list[CacheDomain]


class Route(Latency):
    """Requests of one route in the window."""

    method: str
    route: str
    requests: int
    error_rate: str | None


class Tenant(Latency):
    """Requests of one tenant: how many since the beginning, and how they went in the window."""

    tenant_id: int | str
    requests: int
    error_rate: str | None
    hit_rate: str | None


class Slow(msgspec.Struct, rename="camel", omit_defaults=True):
    """An objective that is broken in the window; value and bound in milliseconds or as a share."""

    objective: str
    value: float
    bound: float
    tenant_id: int | str | None = None
    method: str | None = None
    route: str | None = None


class Span(msgspec.Struct, rename="camel"):
    """What the rates, averages and percentiles are computed over."""

    seconds: float
    requests: int
    minimum_samples: int


class SummaryBody(msgspec.Struct, rename="camel"):
    """The answer."""

    api: Api
    cache: CacheSummary
    tenants: list[Tenant]
    routes: list[Route]
    issues: list[Slow]
    window: Span


class Summary:
    """Answers with the numbers that the caller may see.

    Args:
        windows: The counts of all workers.
        objectives: What an issue is.
        identify: Who asks; None for nobody that is known.
        naming: What the service calls its tenants.
        executor: Where to read the counts, off the serving loop.
        window_s: What rates, averages and percentiles are computed over, in seconds.
        minimum: Percentiles of fewer requests are null.
        probes: Routes that no user asks for.
    """

    def __init__(
        self,
        windows: Windows,
        objectives: Objectives,
        identify: Callable[[Request], Identity | None],
        naming: TenantNaming,
        executor: Executor | None = None,
        *,
        window_s: float = 300.0,
        minimum: int = 20,
        probes: Container[str] = (),
    ) -> None:
        self._naming, self._encoded = naming, JsonBody(SummaryBody, naming)
        self._windows = windows
        self._objectives = objectives
        self._identify = identify
        self._executor = executor
        self._window_s = window_s
        self._minimum = minimum
        self._probes = probes

    async def endpoint(self, request: Request) -> Response:
        """Answer; a tenant's own user sees its tenant only, an operator all."""
        identity = self._identify(request)
        if identity is None or (identity.tenant is None and not identity.operator):
            status = HTTPStatus.FORBIDDEN if identity else HTTPStatus.UNAUTHORIZED
            return problem(status, f"Sign in as a user of {self._naming.a_tenant}, or as an operator.")
        tenant = None if identity.operator else str(identity.tenant)
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(self._executor, self._body, tenant)
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    def _body(self, tenant: str | None) -> bytes:
        return self._encoded.encode(self.of(tenant))

    def of(self, tenant: str | None) -> SummaryBody:
        """Return the numbers of one tenant, or of all; call it off the serving loop."""
        window = self._windows.over(self._window_s, tenant)
        now = ServiceLevels(window.reading, self._probes)
        ever = ServiceLevels(window.totals, self._probes)
        overall = now.overall if tenant is None else _requests_of(now, tenant)
        return SummaryBody(
            api=self._api(overall, ever.overall if tenant is None else _requests_of(ever, tenant)),
            cache=_cache(now, ever, tenant),
            tenants=[
                self._tenant(name, now, requests)
                for name, requests in ever.tenants.items()
                if tenant in (None, name)
            ],
            routes=[] if tenant else [self._route(*item) for item in now.routes.items()],
            issues=self._issues(now, window, tenant),
            window=Span(round(window.seconds, 3), overall.count, self._minimum),
        )

    def _api(self, now: RequestStats, ever: RequestStats) -> Api:
        return Api(**self._latency(now), total_calls=ever.count, error_rate=_percent(now.error_ratio))

    def _tenant(self, name: str, now: ServiceLevels, ever: RequestStats) -> Tenant:
        current = _requests_of(now, name)
        return Tenant(
            **self._latency(current),
            tenant_id=_id_of(name),
            requests=ever.count,
            error_rate=_percent(current.error_ratio),
            hit_rate=_percent(now.cache(name).hit_ratio),
        )

    def _route(self, key: tuple[str, str], now: RequestStats) -> Route:
        return Route(
            **self._latency(now),
            method=key[0],
            route=key[1],
            requests=now.count,
            error_rate=_percent(now.error_ratio),
        )

    def _latency(self, now: RequestStats) -> dict[str, Any]:
        found = {name: now.quantile(share, self._minimum) for name, share in _SHARES.items()}
        values = {name: None if at is None else _ms(at.value) for name, at in found.items()}
        errors = {name: None if at is None else _ms(at.error) for name, at in found.items()}
        return {"avg_response_time": _ms(now.mean_s), **values, "error_bound": Bound(**errors)}

    def _issues(self, now: ServiceLevels, window: Window, tenant: str | None) -> list[Slow]:
        issues = now.issues(self._objectives, window.seconds)
        return [_slow(issue) for issue in issues if tenant in (None, issue.tenant)]


def _requests_of(performance: ServiceLevels, tenant: str) -> RequestStats:
    return performance.tenants.get(tenant) or RequestStats(TENANT_DURATION.buckets)


def _cache(now: ServiceLevels, ever: ServiceLevels, tenant: str | None) -> CacheSummary:
    domains = dict.fromkeys(domain for of in ever.lookups.values() for domain in of)
    rows = [_cache_domain(name, now.cache(tenant, name), ever.cache(tenant, name)) for name in domains]
    return CacheSummary(_percent(now.cache(tenant).hit_ratio), ever.cache(tenant).total, rows)


def _cache_domain(name: str, now: Lookups, ever: Lookups) -> CacheDomain:
    return CacheDomain(name, _percent(now.hit_ratio), ever.total)


def _slow(issue: Issue) -> Slow:
    threshold = issue.threshold
    scale = 1_000.0 if threshold.unit == "s" else 1.0
    whose = None if issue.tenant is None else _id_of(issue.tenant)
    method, route = issue.route or (None, None)
    value, bound = round(issue.value * scale, 4), round(threshold.bound * scale, 4)
    return Slow(threshold.name, value, bound, whose, method, route)


def _id_of(tenant: str) -> int | str:
    return int(tenant) if tenant.isdigit() else tenant


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1_000.0, 3)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share * 100:.3g}%"
