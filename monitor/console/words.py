"""Numbers, times and states as an operator reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from monitor.metrics.service_levels import Issue
from monitor.objectives import Threshold
from monitor.tenancy.naming import TenantNaming

NOTHING: Final = "-"
TITLES: Final = {
    "latency_mean": "Average response time",
    "hit_ratio": "Cache hit ratio",
    "error_ratio": "Error ratio",
}
_MINUTE, _HOUR = 60, 3_600
_DIGITS = (1, 10, 100)


def seconds(value: float | None) -> str:
    """Write a duration with three digits: `840 µs`, `12.3 ms`, `1.2 s`."""
    if value is None:
        return NOTHING
    if value and value < 0.001:  # noqa: PLR2004 - a millisecond
        return f"{value * 1e6:.0f} µs"
    return f"{_three(value * 1e3)} ms" if value < 1 else f"{_three(value)} s"


def share(value: float | None) -> str:
    """Write a share as a percentage: `0.4 %`, `87 %`."""
    if value is None:
        return NOTHING
    percent = value * 100
    return f"{percent:.0f} %" if percent in (0, 100) else f"{_three(percent)} %"


def count(value: float | None) -> str:
    """Write a whole number with thin groups: `12,345`."""
    return NOTHING if value is None else f"{value:,.0f}"


def rate(value: float | None) -> str:
    """Write events a second: `0.4/s`, `1,250/s`."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}/s" if value >= _DIGITS[2] or not value else f"{_three(value)}/s"


def size(value: float | None) -> str:
    """Write bytes in the unit that keeps them short: `64.0 MB`."""
    if value is None:
        return NOTHING
    for unit in ("B", "kB", "MB"):
        if value < 1_000:  # noqa: PLR2004 - the next unit
            return f"{value:.0f} {unit}" if unit == "B" else f"{_three(value)} {unit}"
        value /= 1_000
    return f"{_three(value)} GB"


def span(value: float) -> str:
    """Write how long something has lasted: `40 s`, `5 min`, `2 h`."""
    if value < 2 * _MINUTE:
        return f"{value:.0f} s"
    return f"{value / _MINUTE:.0f} min" if value < 2 * _HOUR else f"{value / _HOUR:.0f} h"


def clock(at: float) -> str:
    """Write a moment of the day in UTC: `12:03:11`."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def moment(at: float) -> str:
    """Write a moment as a machine reads it (ISO 8601)."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def measured(threshold: Threshold, value: float | None) -> str:
    """Write a value in its threshold's unit."""
    return seconds(value) if threshold.unit == "s" else share(value)


def bound(threshold: Threshold) -> str:
    """Write what the threshold promises: `at most 100 ms`."""
    return f"at {'most' if threshold.above else 'least'} {measured(threshold, threshold.bound)}"


def issue(found: Issue, naming: TenantNaming) -> str:
    """Say which objective is broken, for whom and by how much."""
    threshold = found.threshold
    of = (
        f" of {naming.singular} {found.tenant}"
        if found.tenant
        else f" of {' '.join(found.route)}"
        if found.route
        else ""
    )
    return f"{title(threshold)}{of} is {measured(threshold, found.value)}, {missed(threshold)}"


def missed(threshold: Threshold) -> str:
    """Write on which side of the bound a broken value lies: `over 100 ms`."""
    return f"{'over' if threshold.above else 'under'} {measured(threshold, threshold.bound)}"


def title(threshold: Threshold) -> str:
    """Return what a threshold is called in a heading."""
    return TITLES.get(threshold.name, threshold.name.replace("_", " ").capitalize())


def scope(tenant: int | None, domain: str | None, naming: TenantNaming) -> str:
    """Name what a switch is about; None stands for all."""
    of = f"all {naming.plural}" if tenant is None else f"{naming.singular} {tenant}"
    return f"{'everything' if domain is None else domain_name(domain)} of {of}"


def domain_name(domain: str) -> str:
    """Write a domain's word for people."""
    return domain.replace("_", " ")


def _three(value: float) -> str:
    digits = 2 if value < _DIGITS[0] else 1 if value < _DIGITS[2] else 0
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
