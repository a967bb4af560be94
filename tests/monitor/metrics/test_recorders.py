"""The recorders: each satisfies its room's observer, and each call lands in its family."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from monitor.cache.cache_observer import BreakerState, CacheLayer, CacheResult
from monitor.consistency.protocol import ProtocolObserver
from monitor.database.database_observer import DatabaseObserver
from monitor.metrics.catalogue import CACHE_RESULTS, LOOP_LAG, METHODS, OTHER_METHOD, UNMATCHED, Outcome
from monitor.metrics.measurements import Measurements
from monitor.middleware.recorder import HttpObserver
from monitor.testing.fakes import ManualClock
from monitor.tracing.trace_observer import SpanLoss, TraceDecision, TraceObserver
from tests.conditions import until
from tests.monitor.metrics.exposed import parse_text, samples


def exposed(measurements: Measurements, *names: str) -> dict[str, float]:
    """Every series of the named families that is not 0, written as Prometheus would."""
    body = b"".join(measurements.exposition.render()).decode()
    found = {}
    for (name, labels), value in samples(parse_text(body)).items():
        if name.startswith(names) and value and not name.endswith(("_bucket", "_sum")):
            found[f"{name}{{{','.join(f'{k}={v}' for k, v in labels)}}}"] = value
    return found


def methods(protocol: type) -> Iterable[tuple[str, inspect.Signature]]:
    for name, function in inspect.getmembers(protocol, inspect.isfunction):
        if not name.startswith("_"):
            yield name, inspect.signature(function)


@pytest.mark.parametrize("protocol", [ProtocolObserver, DatabaseObserver, TraceObserver])
def test_recorders_have_every_word_of_their_observers(measurements: Measurements, protocol: type) -> None:
    """A sibling room's observer is satisfied by shape alone; names of arguments are part of it."""
    recorders: dict[type, object] = {
        ProtocolObserver: measurements.cache,
        DatabaseObserver: measurements.database,
        TraceObserver: measurements.traces,
    }
    for name, signature in methods(protocol):
        own = inspect.signature(getattr(type(recorders[protocol]), name))
        assert list(own.parameters) == list(signature.parameters), name


def test_types_agree_too(measurements: Measurements) -> None:
    """The type checker accepts each recorder as the observer it stands for."""
    cache: ProtocolObserver = measurements.cache
    database: DatabaseObserver = measurements.database
    traces: TraceObserver = measurements.traces
    http: HttpObserver = measurements.http
    assert None not in (cache, database, traces, http)


def test_the_catalogues_results_are_the_caches() -> None:
    """The metrics room may not import the cache; the words must agree all the same."""
    assert CACHE_RESULTS == tuple(map(str, CacheResult))


def test_a_request_is_counted_by_route_and_by_tenant(measurements: Measurements) -> None:
    """Once in each family, with no cross product, and it is in flight no more."""
    measurements.http.begin("GET")
    assert exposed(measurements, "http_server_active_requests") == {
        "http_server_active_requests{http_request_method=GET}": 1
    }
    measurements.http.end("GET", "/api/contacts", 503, "TimeoutError", Outcome.SERVER_ERROR, 7, 0.2)
    assert exposed(measurements, "http_", "tenant_") == {
        "http_server_request_duration_seconds_count{caller=known,error_type=TimeoutError,"
        "http_request_method=GET,http_response_status_code=503,http_route=/api/contacts}": 1,
        "tenant_http_request_duration_seconds_count{tenant=7}": 1,
        "tenant_http_requests_total{outcome=server_error,tenant=7}": 1,
    }


def test_unknown_methods_and_unmatched_routes_share_a_series(measurements: Measurements) -> None:
    """What a scanner sends is told by two words, and creates no series of its own."""
    for _ in range(3):
        measurements.http.begin(OTHER_METHOD)
        measurements.http.end(OTHER_METHOD, UNMATCHED, 404, None, Outcome.CLIENT_ERROR, None, 0.001)
    assert exposed(measurements, "http_server_request") == {
        "http_server_request_duration_seconds_count{caller=known,error_type=,http_request_method=_OTHER,"
        "http_response_status_code=404,http_route=__unmatched__}": 3
    }
    active = exposed(measurements, "http_server_active_requests")
    assert active == {}


def test_what_a_scanner_sends_costs_no_memory(measurements: Measurements) -> None:
    """Routes beyond the family's rows are not remembered, and all are counted."""
    for number in range(6_000):
        measurements.http.end("GET", f"/r{number}", 200, None, Outcome.SUCCESS, None, 0.001)

    counted = exposed(measurements, "http_server_request")
    assert sum(counted.values()) == 6_000
    assert len(measurements.http._known) == len(counted) - 1  # all but the overflow


def test_every_known_method_is_in_flight_under_its_own_name(measurements: Measurements) -> None:
    """Each of the convention's methods has its gauge from the start."""
    for method in METHODS:
        measurements.http.begin(method)
    assert len(exposed(measurements, "http_server_active_requests")) == len(METHODS)


def test_streams_and_websockets_have_families_of_their_own(measurements: Measurements) -> None:
    """First bytes, open connections and their durations."""
    measurements.http.first_byte("/api/export", 0.01)
    measurements.http.websocket_opened("/live")
    measurements.http.websocket_opened(UNMATCHED)
    measurements.http.websocket_closed("/live", "ConnectionError", 12.0)
    assert exposed(measurements, "http_server_time", "websocket") == {
        "http_server_time_to_first_byte_seconds_count{http_route=/api/export}": 1,
        "websocket_server_active_connections{http_route=__unmatched__}": 1,
        "websocket_server_connection_duration_seconds_count{error_type=ConnectionError,http_route=/live}": 1,
    }


def test_each_word_of_the_cache_is_a_metric(measurements: Measurements) -> None:
    """Everything that the cache tells of itself can be read from a scrape."""
    cache: ProtocolObserver = measurements.cache
    cache.looked_up(1, "contacts", CacheResult.HIT, CacheLayer.NEAR, 0.00001)
    cache.loaded(1, "contacts", 0.02, None)
    cache.coalesced("contacts")
    cache.filled("contacts", 120)
    cache.fill_rejected("contacts", "too_large")
    cache.entry_rejected("contacts", "forged")
    cache.generation_age("contacts", 3.0)
    cache.invalidated(1, "contacts", 0.001, True)
    cache.store_called("get", 0.0005, "TimeoutError")
    cache.moved("read", 64)
    cache.breaker_changed(BreakerState.OPEN)
    cache.near_cache_sized(3, 900)
    cache.switched("contacts", True)
    cache.sampled(1, "contacts", False)
    cache.outbox_polled(2, 1.5)
    cache.lease_changed("held")
    cache.epoch_changed(4)
    cache.writes_waiting(6)
    assert exposed(measurements, "cache_") == {
        "cache_requests_total{domain=contacts,result=hit,tenant=1}": 1,
        "cache_lookup_duration_seconds_count{layer=near,result=hit}": 1,
        "cache_load_duration_seconds_count{domain=contacts,error_type=}": 1,
        "cache_coalesced_waiters_total{domain=contacts}": 1,
        "cache_filled_bytes_total{domain=contacts}": 120,
        "cache_fills_rejected_total{domain=contacts,reason=too_large}": 1,
        "cache_entries_rejected_total{domain=contacts,reason=forged}": 1,
        "cache_generation_age_seconds_count{domain=contacts}": 1,
        "cache_invalidation_duration_seconds_count{confirmed=true,domain=contacts}": 1,
        "cache_store_operation_duration_seconds_count{error_type=TimeoutError,operation=get}": 1,
        "cache_store_bytes_total{direction=read}": 64,
        "cache_breaker_state{state=open}": 1,
        "cache_breaker_changes_total{state=open}": 1,
        "cache_near_entries{}": 3,
        "cache_near_bytes{}": 900,
        "cache_switch_enabled{domain=contacts}": 1,
        "cache_switch_changes_total{domain=contacts}": 1,
        "cache_consistency_samples_total{domain=contacts}": 1,
        "cache_inconsistencies_total{domain=contacts,tenant=1}": 1,
        "cache_outbox_rows{}": 2,
        "cache_outbox_lag_seconds{}": 1.5,
        "cache_lease_state{state=held}": 1,
        "cache_epoch_changes_total{}": 1,
        "cache_writes_waiting{}": 6,
    }


def test_an_undeclared_domain_is_told_and_breaks_nothing(measurements: Measurements) -> None:
    """A domain that the kit was not told of has no cell for tenants; its loss is counted."""
    measurements.cache.looked_up(1, "unheard", "hit", "near", 0.001)
    assert exposed(measurements, "monitor_label_overflow", "cache_requests") == {
        "monitor_label_overflow_total{metric=cache_requests_total}": 1
    }


def test_each_word_of_the_database_is_a_metric(measurements: Measurements) -> None:
    """Durations on the stable conventions, slow statements, waits and the pool."""
    database: DatabaseObserver = measurements.database
    database.queried("postgresql", "SELECT", "contacts", "SELECT contacts", 0.2, None)
    database.slow_query("SELECT contacts", 0.2)
    database.pool_waited(0.001, False)
    database.pool_waited(5.0, True)
    database.pool_sized(3, 2, 10)
    assert exposed(measurements, "db_") == {
        "db_client_operation_duration_seconds_count{db_collection_name=contacts,db_operation_name=SELECT,"
        "db_query_summary=SELECT contacts,db_system_name=postgresql,error_type=}": 1,
        "db_client_slow_queries_total{db_query_summary=SELECT contacts}": 1,
        "db_client_connection_wait_time_seconds_count{}": 2,
        "db_client_connection_timeouts_total{}": 1,
        "db_client_connection_count{state=idle}": 3,
        "db_client_connection_count{state=used}": 2,
        "db_client_connection_max{}": 10,
    }


def test_each_word_of_the_traces_is_a_metric(measurements: Measurements) -> None:
    """Decisions, exports, losses and the queue."""
    traces: TraceObserver = measurements.traces
    traces.decided(TraceDecision.KEPT_SLOW)
    traces.exported(5)
    traces.lost(SpanLoss.QUEUE_FULL, 2)
    traces.queued(9)
    assert exposed(measurements, "monitor_traces", "monitor_span") == {
        "monitor_traces_total{decision=kept_slow}": 1,
        "monitor_spans_exported_total{}": 5,
        "monitor_spans_dropped_total{reason=queue_full}": 2,
        "monitor_span_queue_size{}": 9,
    }


def test_the_process_is_told_in_prometheus_clients_words(measurements: Measurements) -> None:
    """Memory, descriptors, CPU and garbage, as its own collectors name them."""
    measurements.runtime.look()
    measurements.runtime.look()
    measurements.runtime.describe_build("taskmed", "1.2")
    names = {key.split("{")[0] for key in exposed(measurements, "process_", "python_gc")}
    assert names >= {
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_open_fds",
        "process_max_fds",
        "python_gc_collections_total",
    }
    [build] = exposed(measurements, "monitor_build_info")
    assert "service=taskmed,version=1.2" in build


async def test_loop_lag_is_how_late_a_timer_wakes(measurements: Measurements, clock: ManualClock) -> None:
    """A loop that was held up for 30 ms shows as much."""
    running = asyncio.create_task(measurements.runtime.run())
    await until(lambda: clock.sleepers > 0)
    clock.advance(1.03)
    await until(lambda: clock.sleepers > 0)
    running.cancel()
    family = measurements.workers.read()[LOOP_LAG.name]
    assert sum(family.counts) == 1
    assert family.values[0] == pytest.approx(0.03)


async def test_running_sweeps_and_takes_snapshots(measurements: Measurements, clock: ManualClock) -> None:
    """The room's own chores go on until cancelled, and cancelling ends them."""
    running = asyncio.create_task(measurements.run())
    for _ in range(3):
        await until(lambda: clock.sleepers == 4)
        clock.advance(30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert measurements.windows.over(30).seconds >= 30


def test_objectives_are_exposed(measurements: Measurements, registry: CollectorRegistry) -> None:
    """Dashboards draw the bounds from where everything else comes from."""
    measurements.state_objectives({"latency_mean": 0.1})
    assert b'monitor_objective{objective="latency_mean"} 0.1' in generate_latest(registry)
