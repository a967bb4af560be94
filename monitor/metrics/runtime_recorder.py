"""What is counted of the process: its event loop, its memory and descriptors, its garbage."""

from __future__ import annotations

import gc
import platform

from prometheus_client import ProcessCollector

from monitor.clock import Clock
from monitor.metrics import catalogue
from monitor.metrics.columns import Columns

_PROCESS = (
    catalogue.PROCESS_RESIDENT,
    catalogue.PROCESS_VIRTUAL,
    catalogue.PROCESS_START,
    catalogue.PROCESS_OPEN_FDS,
    catalogue.PROCESS_MAX_FDS,
)
_GARBAGE = (
    (catalogue.GC_COLLECTED, "collected"),
    (catalogue.GC_UNCOLLECTABLE, "uncollectable"),
    (catalogue.GC_COLLECTIONS, "collections"),
)


class RuntimeRecorder:
    """Counts what the process uses.

    The numbers are prometheus-client's own, copied into the columns: a collector in the registry
    would tell of the worker that happens to answer, and go back at the next scrape.

    Args:
        columns: Where this worker counts.
        clock: Where the loop's lag is measured.
        period_s: Time between two looks.
    """

    def __init__(self, columns: Columns, clock: Clock, period_s: float = 1.0) -> None:
        self._clock = clock
        self._period_s = period_s
        self._lag = columns.histograms(catalogue.LOOP_LAG).of()
        # registry=None: the default would be the library's global registry.
        self._process = ProcessCollector(registry=None)
        self._gauges = {metric.name: columns.gauges(metric).of() for metric in _PROCESS}
        self._cpu = columns.counters(catalogue.PROCESS_CPU).of()
        self._garbage = [(columns.counters(metric), key) for metric, key in _GARBAGE]
        self._restarts = columns.counters(catalogue.WORKER_RESTARTS).of()
        self._columns = columns

    def describe_build(self, service: str, version: str) -> None:
        """Tell which build runs."""
        build = self._columns.gauges(catalogue.BUILD)
        build.of(service, version, platform.python_version()).set(1.0)

    def restarted(self, workers: int) -> None:
        """Count workers that died and were started anew; called by a successor."""
        self._restarts.inc(workers)

    async def run(self) -> None:
        """Measure the lag of the event loop until cancelled: how late a timer wakes."""
        while True:
            due = self._clock.monotonic() + self._period_s
            await self._clock.sleep(self._period_s)
            self._lag.observe(max(0.0, self._clock.monotonic() - due))

    def look(self) -> None:
        """Take the process's numbers down; it reads files, so call it off the loop."""
        for exposed in self._process.collect():
            for sample in exposed.samples:
                self._take(sample.name, sample.value)
        for generation, numbers in enumerate(gc.get_stats()):
            for counters, key in self._garbage:
                counter = counters.of(str(generation))
                counter.inc(numbers[key] - counter.value)

    def _take(self, name: str, value: float) -> None:
        if name == catalogue.PROCESS_CPU.name:
            self._cpu.inc(value - self._cpu.value)
        elif name in self._gauges:
            self._gauges[name].set(value)
