"""Every scraper sees a new series at nothing before its first count."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry

from monitor.metrics.catalogue import Outcome
from monitor.metrics.measurements import Measurements
from monitor.testing.fakes import ManualClock
from tests.monitor.metrics.exposed import parse_text, samples

HOLD_S = 66.0


def measured(clock: ManualClock, directory: Path | None = None) -> Measurements:
    return Measurements(
        CollectorRegistry(), clock, domains=("contacts",), tenants=20, directory=directory, hold_s=HOLD_S
    )


def fail(measurements: Measurements, tenant: int, error: str = "KeyError") -> None:
    measurements.http.begin("GET")
    measurements.http.end("GET", "/x", 500, error, Outcome.SERVER_ERROR, tenant, 0.01, "ab" * 16)


def scraped(measurements: Measurements, *, scraper: bool = True) -> dict[str, float]:
    """Return the failures that a reader sees: by exception, and of each tenant of its own."""
    body = b"".join(measurements.exposition.render(scraper=scraper)).decode()
    found = {}
    for (name, pairs), value in samples(parse_text(body)).items():
        labels = dict(pairs)
        if name == "http_server_request_duration_seconds_count" and labels["error_type"]:
            found[labels["error_type"]] = value
        if name == "tenant_http_requests_total" and labels["outcome"] == "server_error":
            found[labels["tenant"]] = value
    return {key: value for key, value in found.items() if not key.startswith("__")}


def test_a_first_failure_is_nothing_until_every_scraper_has_seen_it() -> None:
    """A new label set and a new clinic are shown at nought for one scrape's time, then whole."""
    clock = ManualClock()
    measurements = measured(clock)
    fail(measurements, 7)
    assert scraped(measurements) == {"KeyError": 0, "7": 0}

    clock.advance(60)
    fail(measurements, 7)
    assert scraped(measurements) == {"KeyError": 0, "7": 0}

    clock.advance(10)
    assert scraped(measurements) == {"KeyError": 2, "7": 2}
    fail(measurements, 7)
    assert scraped(measurements)["KeyError"] == 3
    measurements.close()


def test_whoever_reads_by_hand_sees_what_was_counted() -> None:
    """A person, a test or the console is told at once: they compute no increase."""
    measurements = measured(ManualClock())
    fail(measurements, 7)

    assert scraped(measurements, scraper=False)["KeyError"] == 1
    measurements.close()


def test_a_held_series_shows_no_exemplar() -> None:
    """An exemplar in a bucket that is shown empty would be a value that no count explains."""
    measurements = measured(ManualClock())
    fail(measurements, 7)

    shown = b"".join(measurements.exposition.render(openmetrics=True, scraper=True)).decode()

    assert "trace_id" not in shown
    measurements.close()


def test_an_ended_workers_counts_are_not_held_again(tmp_path: Path) -> None:
    """What a dead worker counted stays as old as it was, for the scrape that follows its end."""
    clock = ManualClock()
    one, other = measured(clock, tmp_path), measured(clock, tmp_path)
    fail(one, 7)
    clock.advance(HOLD_S + 1)
    assert scraped(other)["KeyError"] == 1

    one.close()

    assert scraped(other) == {"KeyError": 1, "7": 1}
    other.close()


def test_a_worker_that_comes_later_adds_to_a_series_that_is_known(tmp_path: Path) -> None:
    """A series is as old as the first worker that counted in it."""
    clock = ManualClock()
    one, other = measured(clock, tmp_path), measured(clock, tmp_path)
    fail(one, 7)
    clock.advance(HOLD_S + 1)
    fail(other, 7)

    assert scraped(one) == {"KeyError": 2, "7": 2}
    one.close()
    other.close()


def test_clinics_keep_their_series_while_there_is_room() -> None:
    """Idle for a day and within the budget: nothing ends, so nothing has to be born again."""
    clock = ManualClock()
    measurements = measured(clock)
    for tenant in range(1, 11):
        fail(measurements, tenant)
    measurements.idle.sweep()
    clock.advance(86_400)

    assert measurements.idle.sweep() == 0
    assert {str(tenant) for tenant in range(1, 11)} <= scraped(measurements).keys()
    measurements.close()


def test_room_is_made_by_the_longest_idle() -> None:
    """Where newcomers would find no room, as many idle clinics go as are needed, the longest idle first."""
    clock = ManualClock()
    measurements = measured(clock)
    for tenant in range(1, 21):
        fail(measurements, tenant)
    measurements.idle.sweep()
    clock.advance(1)
    for tenant in range(3, 21):
        fail(measurements, tenant)
    measurements.idle.sweep()
    clock.advance(1_000)

    assert measurements.idle.sweep() == 2
    assert {"1", "2"}.isdisjoint(scraped(measurements))
    measurements.close()
