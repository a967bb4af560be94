"""What is counted of every HTTP request and websocket."""

from __future__ import annotations

from monitor.metrics import catalogue
from monitor.metrics.budget import TenantBudget
from monitor.metrics.catalogue import ANONYMOUS, KNOWN, METHODS, OTHER_METHOD, Outcome
from monitor.metrics.columns import Columns
from monitor.metrics.instruments import Histogram

_OUTCOME_LABELS = len(Outcome)


class HttpRecorder:
    """Counts requests by route and by tenant, each in families of its own: no cross product.

    Args:
        columns: Where this worker counts.
        budget: Gives each tenant its row.
    """

    def __init__(self, columns: Columns, budget: TenantBudget) -> None:
        self._budget = budget
        self._durations = columns.histograms(catalogue.HTTP_DURATION)
        self._first_bytes = columns.histograms(catalogue.HTTP_FIRST_BYTE)
        active = columns.gauges(catalogue.HTTP_ACTIVE)
        self._active = {method: active.of(method) for method in sorted(METHODS | {OTHER_METHOD})}
        self._websockets = columns.gauges(catalogue.WEBSOCKET_ACTIVE)
        self._connections = columns.histograms(catalogue.WEBSOCKET_DURATION)
        requests = columns.layout.tenants.families[catalogue.TENANT_REQUESTS.name]
        self._outcomes: dict[str, int] = {
            variant[0]: requests.first + at for at, variant in enumerate(requests.variants)
        }
        self._tenant_duration = catalogue.TENANT_DURATION.name
        self._known: dict[tuple[str, str, int, str | None, bool], Histogram] = {}

    def begin(self, method: str) -> None:
        """A request came in."""
        self._active[method].inc()

    def end(  # noqa: PLR0917 - one call for each request, by position
        self,
        method: str,
        route: str,
        status: int,
        error_type: str | None,
        outcome: Outcome,
        tenant: int | None,
        seconds: float,
        trace_id: str | None = None,
        known: bool = True,  # noqa: FBT001, FBT002 - the observer's protocol is positional
    ) -> None:
        """A request ended; exactly one call for every `begin`.

        Args:
            method: One of the convention's, or `_OTHER`.
            route: The full template, or `__unmatched__`.
            status: The status sent, or what stands for it: 500 for an unhandled exception, 499
                for a client that left.
            error_type: Class name of the exception, or None.
            outcome: How it ended for the tenant.
            tenant: The authenticated tenant, or None.
            seconds: Its duration.
            trace_id: Hex id of its trace, only if valid and sampled.
            known: Whether somebody signed in asked.
        """
        kind = (method, route, status, error_type, known)
        (self._known.get(kind) or self._duration(*kind)).observe(seconds, trace_id)
        self._active[method].dec()
        row = self._budget.row(tenant)
        row.durations[self._tenant_duration].observe(seconds, trace_id)
        row.count(self._outcomes[outcome])

    def _duration(
        self,
        method: str,
        route: str,
        status: int,
        error_type: str | None,
        known: bool,  # noqa: FBT001 - part of what is remembered
    ) -> Histogram:
        labels = (method, route, str(status), error_type or "", KNOWN if known else ANONYMOUS)
        duration = self._durations.of(*labels)
        # What is remembered is bounded as the series are: the overflow's is not.
        if labels in self._durations:
            self._known[method, route, status, error_type, known] = duration
        return duration

    def first_byte(self, route: str, seconds: float) -> None:
        """The first body byte of an answer in more than one part went out."""
        self._first_bytes.of(route).observe(seconds)

    def websocket_opened(self, route: str) -> None:
        """A websocket was accepted."""
        self._websockets.of(route).inc()

    def websocket_closed(self, route: str, error_type: str | None, seconds: float) -> None:
        """A websocket that `websocket_opened` told of ended."""
        self._websockets.of(route).dec()
        self._connections.of(route, error_type or "").observe(seconds)
