"""What came back: latencies, outcomes and cache results, by operation."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

QUANTILES = (0.50, 0.95, 0.99)
# Refusals that belong to several users at work: a row changed meanwhile, a slot is taken.
_CONFLICTS = (409, 412)
_FAILURE = 400


@dataclass(slots=True)
class OperationTally:
    """Counts of one operation.

    Attributes:
        latencies: Seconds of each answer, from the time its request was due.
        errors: Answers of 4xx and 5xx, broken connections and timeouts, by status or word.
        conflicts: Answers that say another user was first; no errors.
        cache: Lookups by the outcome that `Cache-Status` tells.
    """

    latencies: array[float] = field(default_factory=lambda: array("d"))
    errors: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    cache: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Tally:
    """Counts of a run.

    Attributes:
        operations: By operation, such as `contacts.list`.
        unsent: Requests that were due and for which no user was free before the end.
        late_s: The longest that this generator itself was late in sending.
        elapsed_s: Length of the run.
    """

    operations: defaultdict[str, OperationTally] = field(default_factory=lambda: defaultdict(OperationTally))
    unsent: int = 0
    late_s: float = 0.0
    elapsed_s: float = 0.0

    def answered(self, operation: str, seconds: float, status: int, cache: str | None) -> None:
        """Count one answer."""
        tally = self.operations[operation]
        tally.latencies.append(seconds)
        if status in _CONFLICTS:
            tally.conflicts += 1
        elif status >= _FAILURE:
            tally.errors[str(status)] += 1
        if cache is not None:
            tally.cache[cache] += 1

    def failed(self, operation: str, seconds: float, reason: str) -> None:
        """Count a request without an answer; its latency counts, or an outage would look fast."""
        tally = self.operations[operation]
        tally.latencies.append(seconds)
        tally.errors[reason] += 1

    def total(self) -> OperationTally:
        """Return the sum over all operations."""
        total = OperationTally()
        for tally in self.operations.values():
            total.latencies.extend(tally.latencies)
            total.errors += tally.errors
            total.conflicts += tally.conflicts
            total.cache += tally.cache
        return total

    @property
    def requests(self) -> int:
        return sum(len(tally.latencies) for tally in self.operations.values())

    @property
    def error_count(self) -> int:
        return sum(tally.errors.total() for tally in self.operations.values())


def percentiles(latencies: Sequence[float]) -> dict[float, float]:
    """Return the exact nearest-rank percentiles of QUANTILES, and the greatest as 1.0; empty without any."""
    ranked = sorted(latencies)
    if not ranked:
        return {}
    at = {quantile: ranked[ceil(quantile * len(ranked)) - 1] for quantile in QUANTILES}
    return at | {1.0: ranked[-1]}


def hit_ratio(cache: Counter[str]) -> float | None:
    """Return the share of hits among lookups that used the cache; None without any."""
    used = cache["hit"] + cache["stale"] + cache["miss"]
    return (cache["hit"] + cache["stale"]) / used if used else None


def cache_outcome(header: str | None) -> str | None:
    """Read `Cache-Status` (RFC 9211): `hit`, `stale`, or the reason the request went on, such as `miss`."""
    if not header:
        return None
    words = [word.strip() for word in header.rpartition(",")[2].split(";")[1:]]
    if "hit" in words:
        return "stale" if "detail=stale" in words else "hit"
    return next((word[4:] for word in words if word.startswith("fwd=")), None)
