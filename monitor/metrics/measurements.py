"""The metrics room, joined: recorders to write, a reading to expose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry

from monitor.clock import Clock
from monitor.metrics import catalogue
from monitor.metrics.budget import IdleTenants, TenantBudget
from monitor.metrics.cache_recorder import CacheRecorder
from monitor.metrics.catalogue import CATALOGUE, Metric
from monitor.metrics.cell_layout import Layout
from monitor.metrics.collector import ColumnsCollector
from monitor.metrics.columns import Columns
from monitor.metrics.database_recorder import DatabaseRecorder
from monitor.metrics.exposition import Exposition
from monitor.metrics.http_recorder import HttpRecorder
from monitor.metrics.own_metrics import TenantSeries
from monitor.metrics.runtime_recorder import RuntimeRecorder
from monitor.metrics.trace_recorder import TraceRecorder
from monitor.metrics.windows import Windows
from monitor.metrics.workers import Workers
from monitor.metrics.yielding_thread import YieldingThread

_LOOK_S = 5.0
_SWEEP_S = 30.0


class Measurements:
    """Everything that is counted in this worker, and the view of what all workers counted.

    Args:
        registry: Receives the columns' collector; what else it holds is exposed as well.
        domains: The cache domains, by which tenants are counted too.
        tenants: Most tenants with series of their own.
        idle_s: After this long without an observation a tenant's series go, in seconds.
        directory: Where several workers share their counts; None for one worker.
        longest_window_s: The longest window that will be asked for.
        hold_s: How long scrapers are shown a new series as nothing yet, in seconds: longer than the
            time between two scrapes, so that each of them sees a zero before the first count.
        spare: Share of the tenants' budget that idle ones make room in.
        metrics: The families; an application may add its own.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        clock: Clock,
        *,
        domains: Sequence[str],
        tenants: int = 2_000,
        idle_s: float = 900.0,
        directory: Path | None = None,
        longest_window_s: float = 600.0,
        hold_s: float = 0.0,
        spare: float = 0.1,
        metrics: Sequence[Metric] = CATALOGUE,
    ) -> None:
        self.workers: Workers = Workers(Layout(metrics, domains, tenants), clock.time, directory)
        self._clock = clock
        # One thread for everything that reads the counts: at most one core is ever busy with it.
        self.executor: YieldingThread = YieldingThread("metrics")
        columns = self.columns
        self.budget: TenantBudget = TenantBudget(columns, self.workers.table)
        self.http: HttpRecorder = HttpRecorder(columns, self.budget)
        self.cache: CacheRecorder = CacheRecorder(columns, self.budget)
        self.database: DatabaseRecorder = DatabaseRecorder(columns)
        self.traces: TraceRecorder = TraceRecorder(columns)
        self.runtime: RuntimeRecorder = RuntimeRecorder(columns, clock)
        self.windows: Windows = Windows(self.workers.read, clock, longest_window_s)
        self.idle: IdleTenants = IdleTenants(
            self.workers.table, self.workers.tenant_totals, self.workers.tenant_total, idle_s, clock, spare
        )
        collector = ColumnsCollector(metrics, self.workers.read)
        registry.register(collector)
        self.exposition: Exposition = Exposition(
            registry, collector, self.workers.view, columns, self.executor, clock, hold_s
        )

    @property
    def columns(self) -> Columns:
        """Where instruments beside the recorders' come from."""
        return self.workers.columns

    def by_tenant(self, metric: Metric) -> TenantSeries:
        """Return the series of a metric by tenant, of the service's own; take it once."""
        return TenantSeries(self.columns, self.budget, metric)

    def state_objectives(self, bounds: Mapping[str, float]) -> None:
        """Expose the bound of each objective, so that dashboards can draw it."""
        for name, bound in bounds.items():
            self.columns.gauges(catalogue.OBJECTIVE).of(name).set(bound)

    async def run(self) -> None:
        """Measure, take snapshots and evict the idle, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.runtime.run())
            tasks.create_task(self._every(_LOOK_S, self.runtime.look))
            tasks.create_task(self._every(self.windows.step_s, self.windows.tick))
            tasks.create_task(self._every(_SWEEP_S, self._sweep))

    def close(self) -> None:
        """Stop the thread and give up the memory; what is still counted afterwards is lost."""
        self.executor.shutdown()
        self.workers.close()

    def _sweep(self) -> None:
        self.idle.sweep()
        self.budget.forget_evicted()

    async def _every(self, seconds: float, work: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            # A file that cannot be read this time must not end the chores for good.
            with suppress(OSError):
                await loop.run_in_executor(self.executor, work)
            await self._clock.sleep(seconds)
