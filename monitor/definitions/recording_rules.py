"""The series that alerts, dashboards and people read instead of raw counters."""

from __future__ import annotations

from monitor.definitions import recorded
from monitor.definitions.deployment import Deployment, duration
from monitor.definitions.queries import TENANT_FAMILY, Queries, Requests, ratio, service_requests
from monitor.definitions.rules import RecordingRule, RuleGroup
from monitor.objectives import SHORT_S

SERVICE = "job"
TENANT = "job, tenant"
DOMAIN = "job, domain"
_DIRECT_S = 3_600.0
QUANTILE_INTERVAL_S = 60.0
LOW_VOLUME_INTERVAL_S = 300.0


def recording_files(deployment: Deployment) -> dict[str, tuple[RuleGroup, ...]]:
    """Return every recording rule, by the file it is written to and in groups by what they cost."""
    low_volume = RuleGroup("low-volume", _low_volume(deployment), LOW_VOLUME_INTERVAL_S)
    return {
        "recorded_service": (RuleGroup("service", _service(deployment)),),
        "recorded_budgets": (RuleGroup("budgets", _budgets(deployment)),),
        "recorded_tenants": (RuleGroup("tenants", _tenants(deployment)),),
        "recorded_low_volume": (low_volume,),
        "recorded_cache": (RuleGroup("cache", _cache(deployment)),),
        "recorded_quantiles": (RuleGroup("quantiles", _quantiles(deployment), QUANTILE_INTERVAL_S),),
    }


def own(deployment: Deployment, series: str, *matchers: str) -> str:
    """Select the deployment's own part of a series."""
    chosen = (f'job="{deployment.job}"', *matchers)
    return f"{series}{{{', '.join(chosen)}}}"


def quotient(deployment: Deployment, part: str, whole: str) -> str:
    """Divide two recorded series of the same level."""
    return ratio(own(deployment, part), own(deployment, whole))


def queries(deployment: Deployment, requests: Requests, window_s: float) -> Queries:
    """Ask about the deployment's own series over a nominal window."""
    return Queries(requests, deployment.span(window_s), (f'job="{deployment.job}"',))


def _service(deployment: Deployment) -> tuple[RecordingRule, ...]:
    objectives, requests = deployment.objectives, service_requests(deployment.objectives.uncounted)
    counted = _counted(queries(deployment, requests, objectives.error_ratio.window_s), deployment)
    mean = queries(deployment, requests, objectives.latency_mean.window_s).mean(SERVICE)
    return (
        *(RecordingRule(series, expr) for series, expr in counted.items()),
        RecordingRule(recorded.ERROR_RATIO, quotient(deployment, recorded.ERRORS, recorded.REQUESTS)),
        RecordingRule(recorded.MEAN, mean),
        *_short(deployment, requests, recorded.ERROR_RATIO, recorded.MEAN, SERVICE),
    )


def _budgets(deployment: Deployment) -> tuple[RecordingRule, ...]:
    """Record the long windows of the error budgets.

    Up to an hour they come from the counters, so that a total outage shows at once; beyond,
    from the recorded rates: one series each, whatever labels the traffic has.
    """
    windows = sorted({w for pair in deployment.objectives.burn_rates for w in (pair.long_s, pair.short_s)})
    rules: list[RecordingRule] = []
    for window_s in windows:
        ask = queries(deployment, service_requests(deployment.objectives.uncounted), window_s)
        for series, expr in _counted(ask, deployment).items():
            name = recorded.over(series, duration(window_s))
            averaged = f"avg_over_time({own(deployment, series)}[{deployment.span(window_s)}])"
            if name != series:
                rules.append(RecordingRule(name, expr if window_s <= _DIRECT_S else averaged))
    return tuple(rules)


def _counted(ask: Queries, deployment: Deployment) -> dict[str, str]:
    bound_s = deployment.objectives.latency.latency_bound_s or 0.0
    return {
        recorded.REQUESTS: ask.rate(SERVICE),
        recorded.ERRORS: ask.errors(SERVICE),
        recorded.SLOW: ask.slower_than(bound_s, SERVICE),
    }


def _tenants(deployment: Deployment) -> tuple[RecordingRule, ...]:
    objectives = deployment.objectives
    ask = queries(deployment, TENANT_FAMILY, objectives.error_ratio.window_s)
    ask_mean = queries(deployment, TENANT_FAMILY, objectives.latency_mean.window_s)
    return (
        RecordingRule(recorded.TENANT_REQUESTS, ask.rate(TENANT)),
        RecordingRule(recorded.TENANT_ERRORS, ask.errors(TENANT)),
        RecordingRule(
            recorded.TENANT_ERROR_RATIO,
            quotient(deployment, recorded.TENANT_ERRORS, recorded.TENANT_REQUESTS),
        ),
        RecordingRule(recorded.TENANT_MEAN, ask_mean.mean(TENANT)),
        *_short(deployment, TENANT_FAMILY, recorded.TENANT_ERROR_RATIO, recorded.TENANT_MEAN, TENANT),
    )


def _short(
    deployment: Deployment, requests: Requests, error_ratio: str, mean: str, by: str
) -> tuple[RecordingRule, ...]:
    """Record both values over the window that tells whether a fault still goes on."""
    ask = queries(deployment, requests, SHORT_S)
    return (
        RecordingRule(recorded.shortly(error_ratio), ratio(ask.errors(by), ask.rate(by))),
        RecordingRule(recorded.shortly(mean), ask.mean(by)),
    )


def _cache(deployment: Deployment) -> tuple[RecordingRule, ...]:
    ask = queries(deployment, TENANT_FAMILY, deployment.objectives.hit_ratio.window_s)
    return (
        RecordingRule(recorded.LOOKUPS, ask.lookups(SERVICE)),
        RecordingRule(recorded.HIT_RATIO, ask.hit_ratio(SERVICE)),
        RecordingRule(recorded.DOMAIN_LOOKUPS, ask.lookups(DOMAIN)),
        RecordingRule(recorded.DOMAIN_HIT_RATIO, ask.hit_ratio(DOMAIN)),
        RecordingRule(recorded.TENANT_LOOKUPS, ask.lookups(TENANT)),
        RecordingRule(recorded.TENANT_HIT_RATIO, ask.hit_ratio(TENANT)),
    )


def _quantiles(deployment: Deployment) -> tuple[RecordingRule, ...]:
    window_s = deployment.objectives.latency_mean.window_s
    levels = (
        ("job", SERVICE, service_requests(deployment.objectives.uncounted)),
        ("job_tenant", TENANT, TENANT_FAMILY),
    )
    return tuple(
        RecordingRule(recorded.quantile(level, q), queries(deployment, requests, window_s).quantile(q, by))
        for level, by, requests in levels
        for q in recorded.QUANTILES
    )


def _low_volume(deployment: Deployment) -> tuple[RecordingRule, ...]:
    """Look at hours of a tenant's requests: few events, so few evaluations."""
    rules: list[RecordingRule] = []
    for window_s in deployment.objectives.low_volume.windows_s:
        window = duration(window_s)
        ask = queries(deployment, TENANT_FAMILY, window_s)
        requests = recorded.over(recorded.TENANT_REQUESTS, window)
        errors = recorded.over(recorded.TENANT_ERRORS, window)
        rules += [
            RecordingRule(requests, ask.rate(TENANT)),
            RecordingRule(errors, ask.errors(TENANT)),
            RecordingRule(
                recorded.over(recorded.TENANT_ERROR_RATIO, window),
                quotient(deployment, errors, requests),
            ),
            RecordingRule(mean_over(window), ask.mean(TENANT)),
        ]
    return tuple(rules)


def mean_over(window: str) -> str:
    """Name a tenant's mean latency over a long window."""
    return f"job_tenant:http_request_duration_seconds:mean{window}"
