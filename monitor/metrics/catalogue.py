"""Every metric of the kit: name, type, labels, unit, meaning, buckets.

Nothing creates a metric that is not listed here; rules, dashboards and
`docs/telemetry.md` are written from this list. HTTP and database names are
OpenTelemetry's stable conventions as Prometheus spells them; the cache has no
convention yet (semantic-conventions #1747), so its names follow the same manner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

# Below 5 ms our own: a hit takes a third of a millisecond, and a percentile read from 0 to 5 ms told
# 2.5. From there OpenTelemetry's advice for http.server.request.duration; 0.1 s is a bound, so the
# objective is read exactly.
_FAST = (0.0001, 0.00025, 0.0005, 0.001, 0.0025)
HTTP_BUCKETS = (*_FAST, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
TENANT_BUCKETS = (*_FAST, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
# OpenTelemetry's advice for db.client.operation.duration.
DATABASE_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
CACHE_BUCKETS = (0.000005, 0.00002, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
AGE_BUCKETS = (0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)

OVERFLOW = "__overflow__"
# Of a label set over the budget this much is told: whether it failed, which the alerts read.
FAILURE_LABEL = "error_type"
UNMATCHED = "__unmatched__"
OTHER_METHOD = "_OTHER"
NO_TENANT = "__none__"
# Who asked: what nobody signed in asked for is never counted in a page's ratio.
KNOWN, ANONYMOUS = "known", "anonymous"
CACHE_RESULTS = ("hit", "miss", "stale", "bypass", "error")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})


class Kind(StrEnum):
    """Instrument types of the Prometheus data model."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Merge(StrEnum):
    """What the sum over several workers means for a gauge; counters and histograms always add up."""

    SUM = "sum"
    MAX = "max"
    MIN = "min"


class Outcome(StrEnum):
    """How a request ended, for the tenant's counters; the label `outcome`."""

    SUCCESS = "success"  # 1xx to 3xx
    CLIENT_ERROR = "client_error"  # 4xx
    SERVER_ERROR = "server_error"  # 5xx, an unhandled exception, a failure mid-stream
    CANCELLED = "cancelled"  # the client left before the answer was complete


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family.

    Attributes:
        name: The exposed family name; counters end in `_total`.
        kind: Its type.
        labels: Label names in order.
        unit: Base unit: `seconds`, `bytes`, or empty for plain numbers.
        help: One sentence, as exposed.
        buckets: Upper bounds of a histogram, without +Inf.
        merge: How a gauge of several workers becomes one.
        rows: Most label sets of a family without a tenant label, the overflow's among them.
        exemplars: Whether a histogram keeps the last sampled trace of each bucket.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    unit: str
    help: str
    buckets: tuple[float, ...] = ()
    merge: Merge = Merge.SUM
    rows: int = 100
    exemplars: bool = False

    @property
    def per_tenant(self) -> bool:
        """Whether each tenant has series of its own in this family."""
        return self.labels[:1] == ("tenant",)

    @property
    def overflows(self) -> tuple[tuple[str, ...], ...]:
        """The label sets that everything over the budget is counted under.

        A family that knows failures has two of them: what succeeded must not count as failed for
        want of a row.
        """
        if FAILURE_LABEL not in self.labels:
            return ((OVERFLOW,) * len(self.labels),)
        return tuple(
            tuple(failed if label == FAILURE_LABEL else OVERFLOW for label in self.labels)
            for failed in ("", OVERFLOW)
        )

    def overflow_of(self, labels: Sequence[str]) -> int:
        """Return which of `overflows` a label set over the budget is counted under."""
        return int(FAILURE_LABEL in self.labels and labels[self.labels.index(FAILURE_LABEL)] != "")


def _counter(name: str, labels: str, help_text: str, unit: str = "") -> Metric:
    return Metric(name, Kind.COUNTER, tuple(labels.split()), unit, help_text)


def _gauge(name: str, labels: str, help_text: str, unit: str = "", merge: Merge = Merge.SUM) -> Metric:
    return Metric(name, Kind.GAUGE, tuple(labels.split()), unit, help_text, merge=merge)


def _histogram(
    name: str,
    labels: str,
    help_text: str,
    buckets: tuple[float, ...],
    *,
    rows: int = 100,
    exemplars: bool = False,
) -> Metric:
    names = tuple(labels.split())
    return Metric(name, Kind.HISTOGRAM, names, "seconds", help_text, buckets, rows=rows, exemplars=exemplars)


# -- requests ----------------------------------------------------------------------------------
HTTP_DURATION = _histogram(
    "http_server_request_duration_seconds",
    "http_request_method http_route http_response_status_code error_type caller",
    "Duration of HTTP requests, from the first byte of the request to the last byte of the answer.",
    HTTP_BUCKETS,
    rows=500,
    exemplars=True,
)
HTTP_FIRST_BYTE = _histogram(
    "http_server_time_to_first_byte_seconds",
    "http_route",
    "Time until the first body byte of an answer that came in more than one part.",
    HTTP_BUCKETS,
)
HTTP_ACTIVE = _gauge("http_server_active_requests", "http_request_method", "HTTP requests in flight.")
TENANT_DURATION = _histogram(
    "tenant_http_request_duration_seconds",
    "tenant",
    "Duration of the tenant's HTTP requests.",
    TENANT_BUCKETS,
    exemplars=True,
)
TENANT_REQUESTS = _counter(
    "tenant_http_requests_total", "tenant outcome", "HTTP requests of the tenant by outcome."
)
WEBSOCKET_ACTIVE = _gauge("websocket_server_active_connections", "http_route", "Open websocket connections.")
WEBSOCKET_DURATION = _histogram(
    "websocket_server_connection_duration_seconds",
    "http_route error_type",
    "Duration of websocket connections.",
    HTTP_BUCKETS,
)

# -- cache -------------------------------------------------------------------------------------
CACHE_REQUESTS = _counter("cache_requests_total", "tenant domain result", "Cache lookups by outcome.")
CACHE_LOOKUP_DURATION = _histogram(
    "cache_lookup_duration_seconds",
    "layer result",
    "Duration of cache lookups, without the load.",
    CACHE_BUCKETS,
)
CACHE_STORE_DURATION = _histogram(
    "cache_store_operation_duration_seconds",
    "operation error_type",
    "Duration of round trips to the cache store.",
    CACHE_BUCKETS,
)
CACHE_LOAD_DURATION = _histogram(
    "cache_load_duration_seconds",
    "domain error_type",
    "Duration of the loads behind misses.",
    DATABASE_BUCKETS,
)
CACHE_INVALIDATION_DURATION = _histogram(
    "cache_invalidation_duration_seconds",
    "domain confirmed",
    "Duration of invalidations, from the commit to the store's confirmation.",
    DATABASE_BUCKETS,
)
CACHE_COALESCED = _counter("cache_coalesced_waiters_total", "domain", "Callers that joined a load under way.")
CACHE_FILLS_REJECTED = _counter(
    "cache_fills_rejected_total", "domain reason", "Loaded values that were not stored."
)
CACHE_ENTRIES_REJECTED = _counter(
    "cache_entries_rejected_total", "domain reason", "Stored entries that did not open, served as misses."
)
CACHE_ENTRY_BYTES = _counter("cache_filled_bytes_total", "domain", "Bytes of entries stored.", "bytes")
CACHE_MOVED_BYTES = _counter(
    "cache_store_bytes_total", "direction", "Bytes read from and written to the store.", "bytes"
)
CACHE_GENERATION_AGE = _histogram(
    "cache_generation_age_seconds",
    "domain",
    "Age of the generation under which a hit was served.",
    AGE_BUCKETS,
)
CACHE_BREAKER = _gauge(
    "cache_breaker_state",
    "state",
    "1 for the state of the breaker before the store, 0 for the others.",
    merge=Merge.MAX,
)
CACHE_BREAKER_CHANGES = _counter(
    "cache_breaker_changes_total", "state", "Changes of the breaker into a state."
)
CACHE_NEAR_ENTRIES = _gauge("cache_near_entries", "", "Entries in the near cache.")
CACHE_NEAR_BYTES = _gauge("cache_near_bytes", "", "Bytes in the near cache.", "bytes")
CACHE_SWITCH = _gauge(
    "cache_switch_enabled", "domain", "1 while the cache is on for the domain (`*`: all).", merge=Merge.MIN
)
CACHE_SWITCH_CHANGES = _counter("cache_switch_changes_total", "domain", "Changes of the cache switch.")
CACHE_SAMPLES = _counter(
    "cache_consistency_samples_total", "domain", "Cached answers compared with the database."
)
CACHE_INCONSISTENCIES = _counter(
    "cache_inconsistencies_total", "tenant domain", "Cached answers that differed from the database."
)
CACHE_OUTBOX_ROWS = _gauge("cache_outbox_rows", "", "Invalidations that wait in the outbox.", merge=Merge.MAX)
CACHE_OUTBOX_LAG = _gauge(
    "cache_outbox_lag_seconds", "", "Age of the oldest invalidation in the outbox.", "seconds", Merge.MAX
)
CACHE_LEASE = _gauge(
    "cache_lease_state",
    "state",
    "1 for the state of the worker's cache lease, 0 for the others.",
    merge=Merge.MAX,
)
CACHE_EPOCH_CHANGES = _counter("cache_epoch_changes_total", "", "Epochs that this worker has seen begin.")
CACHE_WRITES_WAITING = _gauge(
    "cache_writes_waiting", "", "Committed writes that wait for a confirmed invalidation."
)

# -- database ----------------------------------------------------------------------------------
DB_DURATION = _histogram(
    "db_client_operation_duration_seconds",
    "db_system_name db_operation_name db_collection_name db_query_summary error_type",
    "Duration of database operations.",
    DATABASE_BUCKETS,
    rows=300,
)
DB_SLOW = _counter(
    "db_client_slow_queries_total", "db_query_summary", "Statements over the slow-query bound."
)
DB_CONNECTIONS = _gauge("db_client_connection_count", "state", "Pooled database connections by state.")
DB_CONNECTIONS_MAX = _gauge("db_client_connection_max", "", "Most connections the pool may open.")
DB_WAIT = _histogram(
    "db_client_connection_wait_time_seconds", "", "Wait for a pooled connection.", DATABASE_BUCKETS
)
DB_TIMEOUTS = _counter(
    "db_client_connection_timeouts_total", "", "Waits for a pooled connection that ran out."
)

# -- traces ------------------------------------------------------------------------------------
TRACES = _counter(
    "monitor_traces_total",
    "decision",
    "Requests by trace decision: sampled, kept_slow, kept_failed, dropped.",
)
SPANS_EXPORTED = _counter("monitor_spans_exported_total", "", "Spans handed to the exporter and accepted.")
SPANS_DROPPED = _counter("monitor_spans_dropped_total", "reason", "Spans lost: queue_full, export_failed.")
SPAN_QUEUE = _gauge("monitor_span_queue_size", "", "Spans that wait for export.")

# -- the kit itself ----------------------------------------------------------------------------
BUILD = Metric("monitor_build", Kind.INFO, ("service", "version", "python"), "", "The running build.")
TENANT_SERIES = _gauge("monitor_tenant_series", "", "Tenants that have series of their own.")
TENANT_BUDGET = _gauge("monitor_tenant_budget", "", "Most tenants that may have series of their own.")
TENANT_OVERFLOW = _counter(
    "monitor_tenant_overflow_total", "", "Observations booked under the overflow tenant for want of budget."
)
LOOP_LAG = _histogram(
    "event_loop_lag_seconds", "", "Delay of a timer on the serving event loop.", LAG_BUCKETS
)
SCRAPE_DURATION = _histogram("monitor_scrape_duration_seconds", "", "Time to render one scrape.", LAG_BUCKETS)
SCRAPE_BYTES = _gauge(
    "monitor_scrape_size_bytes", "", "Size of the last scrape, before compression.", "bytes", Merge.MAX
)
WORKERS = _gauge("monitor_workers", "", "Worker processes whose counts this scrape sums.")
WORKER_RESTARTS = _counter(
    "monitor_worker_restarts_total", "", "Workers that were started anew because their predecessor died."
)
OBJECTIVE = _gauge(
    "monitor_objective", "objective", "The bound of an objective, in base units.", merge=Merge.MAX
)
HEALTH = _gauge("monitor_health_status", "check", "1 while the health check passes.", merge=Merge.MIN)
LABEL_OVERFLOW = _counter(
    "monitor_label_overflow_total", "metric", "Observations booked under overflow for want of label budget."
)
LOG_DROPPED = _counter(
    "monitor_log_lines_dropped_total", "", "Log lines lost because the log's queue was full."
)

# -- the process: names and meaning are prometheus-client's, the values are summed over the workers ----
PROCESS_CPU = _counter(
    "process_cpu_seconds_total", "", "Total user and system CPU time spent in seconds.", "seconds"
)
PROCESS_RESIDENT = _gauge("process_resident_memory_bytes", "", "Resident memory size in bytes.", "bytes")
PROCESS_VIRTUAL = _gauge("process_virtual_memory_bytes", "", "Virtual memory size in bytes.", "bytes")
PROCESS_START = _gauge(
    "process_start_time_seconds",
    "",
    "Start time of the oldest process since unix epoch in seconds.",
    "seconds",
    Merge.MIN,
)
PROCESS_OPEN_FDS = _gauge("process_open_fds", "", "Number of open file descriptors.")
PROCESS_MAX_FDS = _gauge("process_max_fds", "", "Maximum number of open file descriptors.", merge=Merge.MIN)
GC_COLLECTED = _counter("python_gc_objects_collected_total", "generation", "Objects collected during gc.")
GC_UNCOLLECTABLE = _counter(
    "python_gc_objects_uncollectable_total", "generation", "Uncollectable objects found during gc."
)
GC_COLLECTIONS = _counter(
    "python_gc_collections_total", "generation", "Number of times this generation was collected."
)

CATALOGUE: tuple[Metric, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Metric)
)
