"""Percentiles, ratios and averages over the last minutes, from the columns that are scraped.

Counts only grow, so a window is a difference: what is counted now less what was counted when
it began. A ring of snapshots, a step apart, knows the beginnings; nothing is booked twice.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from operator import add, sub
from typing import Any, TypeVar

from monitor.clock import Clock
from monitor.metrics.catalogue import (
    CACHE_REQUESTS,
    HTTP_DURATION,
    TENANT_DURATION,
    TENANT_REQUESTS,
    Metric,
)
from monitor.metrics.family import Families, Family

Number = TypeVar("Number", int, float)
_SUB: Callable[[Any, Any], Any] = sub  # the overloads of typeshed match no constrained variable
_PIECE = 4_096
WATCHED = (HTTP_DURATION, TENANT_DURATION, TENANT_REQUESTS, CACHE_REQUESTS)


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile read from buckets, in the metric's unit.

    Attributes:
        value: Interpolated within the bucket, as `histogram_quantile` does.
        error: The most it can be off: the bucket's width. None where the value lies over the
            last bound: then `value` is that bound, and the truth is anything above.
    """

    value: float
    error: float | None


@dataclass(frozen=True, slots=True)
class Window:
    """What was counted since a moment.

    Attributes:
        seconds: The window's true length.
        reading: The watched families, each value the growth within the window.
        totals: Every family as it stands: counted since the beginning of all counts.
    """

    seconds: float
    reading: Families
    totals: Families


@dataclass(frozen=True, slots=True)
class Step:
    """What was counted from one snapshot to the next.

    Attributes:
        ended: When the later one was taken, in monotonic seconds.
        seconds: Time between the two.
        reading: Families, each value the growth within the step.
    """

    ended: float
    seconds: float
    reading: Families


class Windows:
    """Keeps snapshots of the counts and tells what happened since one of them.

    Args:
        read: What all workers have counted.
        longest_s: The longest window that will be asked for.
        step_s: Time between snapshots; a window is up to that much longer than asked for.
    """

    def __init__(
        self, read: Callable[[], Families], clock: Clock, longest_s: float = 600.0, step_s: float = 30.0
    ) -> None:
        self._read = read
        self._clock = clock
        self.step_s = step_s
        self._lock = threading.Lock()
        self._ring: deque[tuple[float, Families]] = deque(maxlen=int(longest_s / step_s) + 2)

    def tick(self) -> None:
        """Take a snapshot; call it every `step_s`, off the serving loop."""
        taken = self._clock.monotonic(), self._watched()
        with self._lock:
            self._ring.append(taken)

    def over(self, seconds: float, tenant: str | None = None) -> Window:
        """Return what happened in the last `seconds`, or since the first snapshot if that is less.

        Args:
            seconds: The least length of the window.
            tenant: Only this one's families and rows; None for everything.
        """
        if tenant is None:
            return self.over_each(seconds)[0]
        now, totals = self._clock.monotonic(), self._read()
        with self._lock:
            ring = list(self._ring) or [(now, totals)]
        began, base = _beginning(ring, now - seconds)
        return _window(now, _only(totals, tenant), began, _only(base, tenant))

    def over_each(self, *seconds: float) -> list[Window]:
        """Return several windows that end at the same moment, from one reading."""
        now, totals = self._clock.monotonic(), self._read()
        with self._lock:
            ring = list(self._ring) or [(now, totals)]
        return [_window(now, totals, *_beginning(ring, now - length)) for length in seconds]

    def steps(
        self, after: float, metrics: Collection[Metric] = WATCHED, tenant: str | None = None
    ) -> Iterator[Step]:
        """Give what happened from each kept snapshot to the next, oldest first; off the serving loop.

        Args:
            after: Only steps that ended after this moment, in monotonic seconds.
            metrics: The families to subtract, of those that are watched.
            tenant: Of families by tenant, this one's row alone; it may be missing.
        """
        with self._lock:
            ring = list(self._ring)
        for (began, before), (ended, now) in pairwise(ring):
            if ended > after:
                names = [metric.name for metric in metrics if metric.name in now]
                pairs = {name: (now[name], before.get(name)) for name in names}
                if tenant is not None:
                    pairs = {
                        name: (_of(new, tenant), old and _of(old, tenant))
                        for name, (new, old) in pairs.items()
                    }
                yield Step(ended, ended - began, {name: _growth(*pair) for name, pair in pairs.items()})

    def _watched(self) -> Families:
        return _watched_of(self._read())


def percentile(bounds: Sequence[float], counts: Sequence[int], quantile: float) -> Percentile | None:
    """Return the quantile of a histogram; None when it is empty.

    Args:
        bounds: Upper bounds without +Inf.
        counts: One count for each bucket, the one over the last bound included.
        quantile: Between 0 and 1.
    """
    running = list(accumulate(counts))
    if not running[-1]:
        return None
    rank = quantile * running[-1]
    bucket = bisect_left(running, rank) if rank else next(i for i, n in enumerate(running) if n)
    if bucket == len(bounds):
        return Percentile(bounds[-1], None)
    below, lower = (running[bucket - 1], bounds[bucket - 1]) if bucket else (0, 0.0)
    width = bounds[bucket] - lower
    return Percentile(lower + width * (rank - below) / counts[bucket], width)


def histogram_rows(family: Family) -> Iterator[tuple[tuple[str, ...], Sequence[int], float]]:
    """Give each row's labels, bucket counts and sum."""
    for row, labels in enumerate(family.labels):
        yield labels, family.counts[row * family.buckets : (row + 1) * family.buckets], family.values[row]


def counter_rows(family: Family) -> Iterator[tuple[tuple[str, ...], float]]:
    """Give the labels and value of each series."""
    values = iter(family.values)
    for labels in family.labels:
        for variant in family.variants:
            yield labels + variant, next(values)


def summed(rows: Iterable[Sequence[int]], buckets: int) -> list[int]:
    """Add histograms up, bucket by bucket."""
    total = [0] * buckets
    for counts in rows:
        total = list(map(add, total, counts))
    return total


def _watched_of(reading: Families) -> Families:
    return {metric.name: reading[metric.name] for metric in WATCHED if metric.name in reading}


def _only(reading: Families, tenant: str) -> Families:
    """Pick one tenant's rows: what its own users ask for must not cost what all tenants cost."""
    return {name: _row_of(family, (tenant,)) for name, family in _watched_of(reading).items()}


def _row_of(family: Family, labels: tuple[str, ...]) -> Family:
    if not family.metric.per_tenant or labels not in family.labels:
        return replace(family, labels=[], values=[], counts=[])
    row, width = family.labels.index(labels), family.buckets
    stride = len(family.values) // len(family.labels)
    values = list(family.values[row * stride : (row + 1) * stride])
    counts = list(family.counts[row * width : (row + 1) * width])
    return replace(family, labels=[labels], values=values, counts=counts)


def _beginning(ring: Sequence[tuple[float, Families]], moment: float) -> tuple[float, Families]:
    """The last snapshot that is not younger than `moment`, or the first one."""
    return next((taken for taken in reversed(ring) if taken[0] <= moment), ring[0])


def _window(now: float, totals: Families, began: float, base: Families) -> Window:
    grown = {name: _growth(family, base.get(name)) for name, family in _watched_of(totals).items()}
    return Window(now - began, grown, totals)


def _of(family: Family, tenant: str) -> Family:
    """One tenant's row."""
    try:
        row = family.labels.index((tenant,))
    except ValueError:
        return replace(family, labels=[], values=[], counts=[], exemplars={}, texts=None)
    stride, width = len(family.values) // len(family.labels), family.buckets
    return replace(
        family,
        labels=[(tenant,)],
        values=family.values[row * stride : (row + 1) * stride],
        counts=family.counts[row * width : (row + 1) * width],
        exemplars={},
        texts=None,
    )


def _growth(now: Family, before: Family | None) -> Family:
    """Subtract row by row. A row that shrank began anew, as a counter after a restart does."""
    if before is None:
        return now
    if now.labels == before.labels:
        counts, values = _differences(now.counts, before.counts), _differences(now.values, before.values)
        if min(counts, default=0) >= 0 and min(values, default=0) >= 0:
            return replace(now, counts=counts, values=values)
    return _growth_by_row(now, before)


def _growth_by_row(now: Family, before: Family) -> Family:
    old = {labels: row for row, labels in enumerate(before.labels)}
    counts, values = list(now.counts), list(now.values)
    width, stride = now.buckets, len(values) // max(1, len(now.labels))
    for row, labels in enumerate(now.labels):
        was = old.get(labels)
        if was is None:
            continue
        _subtract(counts, before.counts, row * width, was * width, width)
        _subtract(values, before.values, row * stride, was * stride, stride)
    return replace(now, counts=counts, values=values)


def _differences(now: Sequence[Number], before: Sequence[Number]) -> list[Number]:
    # In C, and in pieces: between them the serving loop gets the interpreter back.
    grown: list[Number] = []
    for at in range(0, len(now), _PIECE):
        grown += map(_SUB, now[at : at + _PIECE], before[at : at + _PIECE])
    return grown


def _subtract(now: list[Number], before: Sequence[Number], at: int, was: int, width: int) -> None:
    grown = [a - b for a, b in zip(now[at : at + width], before[was : was + width], strict=True)]
    if all(growth >= 0 for growth in grown):
        now[at : at + width] = grown
