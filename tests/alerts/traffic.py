"""Series of made-up traffic, in promtool's notation, sampled every 15 seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

STEP_S = 15.0
Series = dict[str, str]


class Phase(NamedTuple):
    """A stretch of steady traffic.

    Attributes:
        minutes: How long it lasts.
        rate: Requests or lookups a second.
        errors: Share that fails.
        mean: Mean duration in seconds.
        slow: Share slower than 100 ms.
        hits: Share of lookups that hit.
        bypass: Lookups a second beside `rate` that the cache was not asked for.
    """

    minutes: float
    rate: float = 10.0
    errors: float = 0.0
    mean: float = 0.02
    slow: float = 0.0
    hits: float = 0.95
    bypass: float = 0.0


def named(name: str, **labels: str) -> str:
    """Write a series of the job `taskmed`."""
    inside = ",".join(f'{key}="{value}"' for key, value in {"job": "taskmed", **labels}.items())
    return f"{name}{{{inside}}}"


def counter(*phases: tuple[float, float], step_s: float = STEP_S) -> str:
    """Write a counter from `(minutes, per second)` stretches."""
    value, parts = 0.0, []
    for minutes, rate in phases:
        samples = round(minutes * 60 / step_s)
        parts.append(f"{_plain(value)}+{_plain(rate * step_s)}x{samples - 1}")
        value += rate * step_s * samples
    return " ".join(parts)


def gauge(*phases: tuple[float, float | None], step_s: float = STEP_S) -> str:
    """Write a gauge from `(minutes, value)` stretches; None: no sample."""
    return " ".join(
        f"{'_' if value is None else _plain(value)}x{round(minutes * 60 / step_s) - (value is not None)}"
        for minutes, value in phases
    )


def service(*phases: Phase, step_s: float = STEP_S) -> Series:
    """Return the series by route and status of the whole service."""
    name = "http_server_request_duration_seconds"
    labels = {"http_request_method": "GET", "http_route": "/api/contacts"}
    rates = {
        named(f"{name}_count", **labels, http_response_status_code="200"): _each(
            phases, lambda p: p.rate * (1 - p.errors)
        ),
        named(f"{name}_count", **labels, http_response_status_code="500", error_type="500"): _each(
            phases, lambda p: p.rate * p.errors
        ),
        named(f"{name}_sum", **labels): _each(phases, lambda p: p.rate * p.mean),
        named(f"{name}_bucket", **labels, le="0.1"): _each(phases, lambda p: p.rate * (1 - p.slow)),
    }
    return {series: counter(*stretches, step_s=step_s) for series, stretches in rates.items()}


def tenant(identity: str, *phases: Phase, step_s: float = STEP_S) -> Series:
    """Return the request series of one tenant."""
    name = "tenant_http_request_duration_seconds"
    rates = {
        named("tenant_http_requests_total", tenant=identity, outcome="success"): _each(
            phases, lambda p: p.rate * (1 - p.errors)
        ),
        named("tenant_http_requests_total", tenant=identity, outcome="server_error"): _each(
            phases, lambda p: p.rate * p.errors
        ),
        named(f"{name}_sum", tenant=identity): _each(phases, lambda p: p.rate * p.mean),
        named(f"{name}_count", tenant=identity): _each(phases, lambda p: p.rate),
    }
    return {series: counter(*stretches, step_s=step_s) for series, stretches in rates.items()}


def cache(identity: str, *phases: Phase, domain: str = "contacts", step_s: float = STEP_S) -> Series:
    """Return the lookups of one tenant."""
    rates = {
        "hit": _each(phases, lambda p: p.rate * p.hits),
        "miss": _each(phases, lambda p: p.rate * (1 - p.hits)),
        "bypass": _each(phases, lambda p: p.bypass),
    }
    return {
        named("cache_requests_total", tenant=identity, domain=domain, result=result): counter(
            *stretches, step_s=step_s
        )
        for result, stretches in rates.items()
    }


def merged(many: Iterable[Series]) -> Series:
    """Join series of many tenants."""
    return {name: values for series in many for name, values in series.items()}


def _each(phases: tuple[Phase, ...], rate: Callable[[Phase], float]) -> list[tuple[float, float]]:
    return [(phase.minutes, rate(phase)) for phase in phases]


def _plain(number: float) -> str:
    return f"{number:.10f}".rstrip("0").rstrip(".")
