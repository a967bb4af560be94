"""Names of the recorded series, `level:metric:operation`.

The windows in the names are the production ones; a deployment with another pace keeps the names.
"""

from __future__ import annotations

REQUESTS = "job:http_requests:rate5m"
ERRORS = "job:http_request_errors:rate5m"
ERROR_RATIO = "job:http_request_errors:ratio_rate5m"
MEAN = "job:http_request_duration_seconds:mean5m"
SLOW = "job:http_requests_slow:rate5m"

TENANT_REQUESTS = "job_tenant:http_requests:rate5m"
TENANT_ERRORS = "job_tenant:http_request_errors:rate5m"
TENANT_ERROR_RATIO = "job_tenant:http_request_errors:ratio_rate5m"
TENANT_MEAN = "job_tenant:http_request_duration_seconds:mean5m"

LOOKUPS = "job:cache_lookups:rate10m"
HIT_RATIO = "job:cache_hits:ratio_rate10m"
DOMAIN_LOOKUPS = "job_domain:cache_lookups:rate10m"
DOMAIN_HIT_RATIO = "job_domain:cache_hits:ratio_rate10m"
TENANT_LOOKUPS = "job_tenant:cache_lookups:rate10m"
TENANT_HIT_RATIO = "job_tenant:cache_hits:ratio_rate10m"

QUANTILES = (0.5, 0.95, 0.99)


def quantile(level: str, q: float) -> str:
    """Name the latency quantile of a level: `job` or `job_tenant`."""
    return f"{level}:http_request_duration_seconds:p{q * 100:g}_rate5m"


def shortly(series: str) -> str:
    """Name the same value over the short window, such as `job:http_request_errors:ratio_rate2m30s`."""
    return f"{series.removesuffix('5m')}2m30s"


def over(series: str, window: str) -> str:
    """Name the same metric over another window, such as `job:http_requests:rate1h`."""
    return f"{series.rpartition('rate')[0]}rate{window}"
