"""Everything about the kit that an operator may choose, as one frozen value.

Nothing here reads the environment: the application does, once, and passes the value in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitor.errors import ConfigurationError

_LONGEST_SCRAPE_S = 120.0  # Prometheus takes a series for gone after five minutes; two scrapes must fit well


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """How the cache reaches its store and how much it may hold.

    Attributes:
        url: `memory://` (one process), `redis://`, `rediss://`, `redis+cluster://` or `redis+sentinel://`;
            it may hold a password, so it is not shown.
        timeout_s: The longest a store call may take before the request goes on without it.
        sealing_keys: AES-256 keys by id, newest first; entries under an older one still open.
            Empty: a key is drawn at the start, and the store's content ends with the process.
        near_bytes: Bound of the near cache in each process; 0 turns it off.
        enabled: The switch at the start.
        share: Share of traffic that may use the cache, between 0 and 1.
        shares: The share by domain, where it differs.
        lease_s: Length of a worker's lease on the outbox (`docs/cache.md`).
        poll_s: Time between two polls of the outbox.
        sampled_share: Share of the hits that are compared with the database behind the answer,
            between 0 and 1; each costs a load.
        warm_rate: Lookups a second with which a starting worker warms the cache; 0: it does not.
    """

    url: str = field(default="memory://", repr=False)
    timeout_s: float = 0.04
    sealing_keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    near_bytes: int = 64 * 1024 * 1024
    enabled: bool = True
    share: float = 1.0
    shares: Mapping[str, float] = field(default_factory=dict)
    lease_s: float = 2.0
    poll_s: float = 0.25
    sampled_share: float = 0.001
    warm_rate: float = 0.0

    @property
    def in_memory(self) -> bool:
        """Whether the store is this process's own memory."""
        return self.url.startswith("memory:")

    def __post_init__(self) -> None:
        for name, share in (("cache share", self.share), ("sampled share", self.sampled_share)):
            if not 0 <= share <= 1:
                raise ConfigurationError(name, "must lie between 0 and 1")
        if self.lease_s < 2 * self.poll_s:
            raise ConfigurationError("cache lease", "must be at least twice the poll's period")


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """The kit's settings.

    Attributes:
        service: The service's name in metrics, traces and logs; OpenTelemetry's word where none is given.
        version: The service's version.
        environment: Such as `production`; a resource attribute of every span.
        cache: The cache's settings.
        otlp_endpoint: Where spans go by OTLP over HTTP; None keeps them in memory only.
        sampling_ratio: Share of requests sampled at the head; slow and failed ones are kept anyway.
        trusted_callers: Addresses and networks of the callers whose `traceparent` is followed, `*` for
            all; anybody else's is kept as a link, and decides neither on ids nor on sampling.
        forced_sampling_per_s: Most traces a second that are sampled because such a caller asked.
        trusted_proxies: Addresses and networks of proxies in front, whose `X-Forwarded-Proto` and
            `X-Forwarded-Prefix` are believed.
        root_path: What such a proxy strips from every path, where it does not say so itself.
        recent_traces: How many traces the service keeps for its operators.
        tenant_budget: Most tenants with series of their own; newcomers go to the overflow.
        tenant_idle_s: After this long without a request a tenant's series are removed.
        scrape_interval_s: The longest time between two scrapes of one Prometheus; a new series is
            shown to scrapers at nought for that long, so that none misses its first count.
        metrics_directory: Where several workers share their counts; None for one worker.
        log_level: `debug`, `info`, `warning` or `error`.
        access_log: Whether every request writes a line.
        own_output: Whether all that the process writes goes through the log where that is standard
            output: servers' loggers, warnings, `print`, uncaught exceptions.
        slow_query_s: Bound over which a statement is logged and counted.
        window_s: Window of `/api/metrics` and of the health check.
        check_timeout_s: The longest a health check may take.
    """

    service: str = "unknown_service"
    version: str = "0.0.0"
    environment: str = "development"
    cache: CacheSettings = field(default_factory=CacheSettings)
    otlp_endpoint: str | None = None
    sampling_ratio: float = 0.01
    trusted_callers: tuple[str, ...] = ()
    forced_sampling_per_s: float = 100.0
    trusted_proxies: tuple[str, ...] = ()
    root_path: str = ""
    recent_traces: int = 500
    tenant_budget: int = 2_000
    tenant_idle_s: float = 900.0
    scrape_interval_s: float = 60.0
    metrics_directory: Path | None = None
    log_level: str = "info"
    access_log: bool = True
    own_output: bool = True
    slow_query_s: float = 0.1
    window_s: float = 300.0
    check_timeout_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.sampling_ratio <= 1:
            raise ConfigurationError("sampling ratio", "must lie between 0 and 1")
        if self.forced_sampling_per_s < 0:
            raise ConfigurationError("forced sampling", "must not be negative")
        if not 0 <= self.scrape_interval_s <= _LONGEST_SCRAPE_S:
            raise ConfigurationError("scrape interval", f"give 0 to {_LONGEST_SCRAPE_S:g} seconds")
        if self.tenant_budget < 1:
            raise ConfigurationError("tenant budget", "must be at least 1")
        if self.log_level not in ("debug", "info", "warning", "error"):
            raise ConfigurationError("log level", "must be debug, info, warning or error")
