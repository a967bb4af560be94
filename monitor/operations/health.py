"""`GET /api/health`, `/api/health/live` and `/api/health/ready`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from monitor.clock import Clock
from monitor.errors import StoreUnavailable
from monitor.metrics import catalogue
from monitor.metrics.columns import Columns
from monitor.metrics.service_levels import Issue, ServiceLevels
from monitor.metrics.windows import Windows
from monitor.objectives import Objectives
from monitor.operations.drain import Drain
from monitor.tenancy.identity import Identity
from monitor.tenancy.naming import TenantNaming

_ENCODE = msgspec.json.Encoder().encode
_ISSUES_KEPT_S = 5.0
_OPERATIONAL, _UNAVAILABLE = "Cache operational", "Cache unavailable, served from the database"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that health depends on.

    Attributes:
        name: A word for labels: `cache`, `database`.
        probe: Returns when all is well, raises when it is not.
        essential: Whether no request can be served without it.
    """

    name: str
    probe: Callable[[], Awaitable[object]]
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        seconds: How long it took, or the timeout.
        problem: Class name of what went wrong, with the store's reason where it is the store's;
            `timeout`, or None.
    """

    check: Check
    seconds: float
    problem: str | None

    @property
    def healthy(self) -> bool:
        return self.problem is None


class CacheHealth(msgspec.Struct, rename="camel"):
    """The cache's health."""

    healthy: bool
    message: str


class PerformanceHealth(msgspec.Struct, rename="camel"):
    """Whether the objectives hold over the last minutes."""

    healthy: bool
    issues: list[str]


class CheckHealth(msgspec.Struct, rename="camel"):
    """One check, for an operator."""

    name: str
    healthy: bool
    essential: bool
    latency_ms: float
    problem: str | None


class HealthBody(msgspec.Struct, rename="camel", omit_defaults=True):
    """The answer; `checks` is for operators only."""

    status: str
    cache: CacheHealth
    performance: PerformanceHealth
    checks: list[CheckHealth] | None = None


class Health:
    """Answers for people and for orchestrators.

    A cache that is out degrades the service and takes nobody off: users are served from the
    database. Only what is essential makes a worker unready.

    Args:
        checks: What health depends on; the one named `cache` has a place of its own.
        windows: The counts that the objectives are held against.
        identify: Who asks; None for nobody that is known.
        naming: What the service calls its tenants.
        timeout_s: The longest a check may take.
        window_s: What the objectives are held over, in seconds.
        probes: Routes that no user asks for.
        drain: Says whether this worker takes leave.
    """

    def __init__(
        self,
        checks: Sequence[Check],
        windows: Windows,
        objectives: Objectives,
        columns: Columns,
        clock: Clock,
        identify: Callable[[Request], Identity | None],
        naming: TenantNaming,
        executor: Executor | None = None,
        *,
        timeout_s: float = 1.0,
        window_s: float = 300.0,
        probes: Container[str] = (),
        drain: Drain | None = None,
    ) -> None:
        self._checks, self._naming = checks, naming
        self._drain = drain or Drain()
        self._windows = windows
        self._objectives = objectives
        self._clock = clock
        self._identify = identify
        self._executor = executor
        self._timeout_s = timeout_s
        self._window_s = window_s
        self._probes = probes
        self._known_issues: list[Issue] = []
        self._issues_until = float("-inf")
        status = columns.gauges(catalogue.HEALTH)
        self._gauges = {check.name: status.of(check.name) for check in checks}

    async def endpoint(self, request: Request) -> Response:
        """Answer with the whole picture; 503 when something essential is out."""
        identity = self._identify(request)
        operator = identity is not None and identity.operator
        loop = asyncio.get_running_loop()
        issues = loop.run_in_executor(self._executor, self._issues)
        findings = await self.look()
        told = [sentence_of(issue, self._naming) for issue in await issues if operator or _public(issue)]
        body = _body(findings, told)
        if operator:
            body.checks = [_check_health(finding) for finding in findings.values()]
        return _answer(_ENCODE(body), ready=_ready(findings))

    async def live(self, _request: Request) -> Response:
        """Say that the event loop turns; nothing else, or an orchestrator would kill the innocent."""
        return _answer(b'{"status":"ok"}', ready=True)

    async def ready(self, _request: Request) -> Response:
        """Say whether this worker can serve requests, and will for a while."""
        if self._drain.under_way:
            return _answer(b'{"status":"draining"}', ready=False)
        ready = _ready(await self.look(essential=True))
        return _answer(b'{"status":"ok"}' if ready else b'{"status":"unavailable"}', ready=ready)

    async def look(self, *, essential: bool = False) -> Mapping[str, Finding]:
        """Run the checks, or the essential ones only, and return what they found by name."""
        chosen = [check for check in self._checks if check.essential or not essential]
        findings = await asyncio.gather(*(self._run(check) for check in chosen))
        for finding in findings:
            self._gauges[finding.check.name].set(float(finding.healthy))
        return {finding.check.name: finding for finding in findings}

    async def _run(self, check: Check) -> Finding:
        started = self._clock.monotonic()
        probe = asyncio.ensure_future(check.probe())
        limit = asyncio.ensure_future(self._clock.sleep(self._timeout_s))
        try:
            await asyncio.wait((probe, limit), return_when=asyncio.FIRST_COMPLETED)
            problem = _problem(probe)
        finally:
            limit.cancel()
            probe.cancel()
        return Finding(check, self._clock.monotonic() - started, problem)

    def _issues(self) -> list[Issue]:
        # Anybody may ask for the health; what they make the service compute is bounded.
        if self._clock.monotonic() >= self._issues_until:
            self._known_issues = self._find_issues()
            self._issues_until = self._clock.monotonic() + _ISSUES_KEPT_S
        return self._known_issues

    def _find_issues(self) -> list[Issue]:
        window = self._windows.over(self._window_s)
        return list(ServiceLevels(window.reading, self._probes).issues(self._objectives, window.seconds))


def _problem(probe: asyncio.Future[object]) -> str | None:
    if not probe.done():
        return "timeout"
    failure = probe.exception()
    if isinstance(failure, StoreUnavailable):
        detail = f" ({failure.detail})" if failure.detail else ""
        return f"{type(failure).__name__}: {failure.reason}{detail}"
    return None if failure is None else type(failure).__name__


def _body(findings: Mapping[str, Finding], issues: list[str]) -> HealthBody:
    cache = findings.get("cache")
    healthy = cache is None or cache.healthy
    return HealthBody(
        status_of(findings),
        CacheHealth(healthy, _OPERATIONAL if healthy else _UNAVAILABLE),
        PerformanceHealth(not issues, issues),
    )


def status_of(findings: Mapping[str, Finding]) -> str:
    """Return `ok`, `degraded` where something is out, `unavailable` where that is essential."""
    well = all(finding.healthy for finding in findings.values())
    return "ok" if well else "degraded" if _ready(findings) else "unavailable"


def _ready(findings: Mapping[str, Finding]) -> bool:
    return all(finding.healthy for finding in findings.values() if finding.check.essential)


def _check_health(finding: Finding) -> CheckHealth:
    check = finding.check
    latency = round(finding.seconds * 1_000.0, 3)
    return CheckHealth(check.name, finding.healthy, check.essential, latency, finding.problem)


def _public(issue: Issue) -> bool:
    return issue.tenant is None and issue.route is None


def sentence_of(issue: Issue, naming: TenantNaming) -> str:
    """Say which objective is broken, for whom, and by how much."""
    threshold = issue.threshold
    side = "over" if threshold.above else "under"
    found, bound = (
        (f"{v * 1_000:.4g} ms" if threshold.unit == "s" else f"{v:.3g}")
        for v in (issue.value, threshold.bound)
    )
    of = (
        f" of {naming.singular} {issue.tenant}"
        if issue.tenant
        else f" of {' '.join(issue.route)}"
        if issue.route
        else ""
    )
    return f"{threshold.name}{of} is {found}, {side} {bound}"


def _answer(body: bytes, *, ready: bool) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(body, 200 if ready else 503, headers, "application/json")
