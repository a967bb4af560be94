"""Several workers: one reading is the sum, and nothing that was counted is ever lost."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from monitor.errors import ConfigurationError
from monitor.metrics.catalogue import (
    BUILD,
    CACHE_SWITCH,
    HTTP_ACTIVE,
    HTTP_DURATION,
    TENANT_DURATION,
    TENANT_REQUESTS,
    TENANT_SERIES,
    WORKERS,
    Outcome,
)
from monitor.metrics.family import Families
from monitor.metrics.measurements import Measurements
from monitor.metrics.windows import counter_rows, histogram_rows
from monitor.testing.fakes import ManualClock


class Service:
    """Workers that share a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self._running: list[Measurements] = []

    def start(self) -> Measurements:
        worker = Measurements(
            CollectorRegistry(),
            self.clock,
            domains=("contacts",),
            tenants=3,
            idle_s=60.0,
            spare=1.0,
            directory=self.directory,
        )
        self._running.append(worker)
        return worker

    def end(self, *workers: Measurements) -> None:
        """End workers; closing writes nothing, so to the others it is the same as a SIGKILL."""
        for worker in workers or tuple(self._running):
            self._running.remove(worker)
            worker.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.end()


def serve(worker: Measurements, tenant: int, times: int = 1, trace_id: str | None = None) -> None:
    for _ in range(times):
        worker.http.begin("GET")
        worker.http.end("GET", "/api/contacts", 200, None, Outcome.SUCCESS, tenant, 0.02, trace_id)


def by_tenant(reading: Families) -> dict[str, float]:
    rows = counter_rows(reading[TENANT_REQUESTS.name])
    return {tenant: count for (tenant, outcome), count in rows if outcome == Outcome.SUCCESS and count}


def total(reading: Families) -> int:
    return sum(sum(counts) for _, counts, _ in histogram_rows(reading[HTTP_DURATION.name]))


def value(reading: Families, name: str) -> float:
    return reading[name].values[0]


def test_any_worker_tells_the_sum(service: Service) -> None:
    """Requests of all workers add up, whichever is asked."""
    one, two, three = service.start(), service.start(), service.start()
    serve(one, 1, 5)
    serve(two, 1, 7)
    serve(three, 2)
    for asked in (one, two, three):
        reading = asked.workers.read()
        assert by_tenant(reading) == {"1": 12, "2": 1}
        assert total(reading) == 13
        assert value(reading, WORKERS.name) == 3
        [(_, _, seconds)] = [row for row in histogram_rows(reading[TENANT_DURATION.name]) if row[0] == ("1",)]
        assert seconds == pytest.approx(12 * 0.02)


def test_a_dead_workers_counts_stay(service: Service) -> None:
    """Counters never go back when a worker ends, whoever reads first, and however often."""
    one, two = service.start(), service.start()
    serve(one, 1, 5)
    serve(two, 1, 7)
    service.end(two)
    for _ in range(2):
        assert by_tenant(one.workers.read()) == {"1": 12}
        assert total(one.workers.read()) == 12
    three = service.start()
    serve(three, 1)
    assert by_tenant(three.workers.read()) == {"1": 13}
    assert value(three.workers.read(), WORKERS.name) == 2


def test_many_generations_of_workers_leave_one_base(service: Service) -> None:
    """Rolling through workers neither loses a count nor piles up files."""
    keeper = service.start()
    for generation in range(5):
        worker = service.start()
        serve(worker, 1, 3)
        service.end(worker)
        assert total(keeper.workers.read()) == 3 * (generation + 1)
    files = {path.name.rpartition(".")[2] for path in service.directory.rglob("*") if path.is_file()}
    assert files == {"base", "worker", "lock", "tenants"}
    assert len(list(service.directory.rglob("*.worker"))) == 1


def test_counts_outlive_all_workers(service: Service) -> None:
    """A service that is stopped and started goes on counting where it ended."""
    one, two = service.start(), service.start()
    serve(one, 1, 2)
    serve(two, 2, 3)
    service.end()
    assert by_tenant(service.start().workers.read()) == {"1": 2, "2": 3}


def test_a_crash_between_folding_and_removing_doubles_nothing(service: Service) -> None:
    """A worker that is in the base already is not added again, whoever else died meanwhile."""
    one = service.start()
    for _ in range(8):
        two, three = service.start(), service.start()
        serve(two, 1, 4)
        serve(three, 1, 4)
        [file] = [p for p in service.directory.rglob("*.worker") if two.workers.name == p.name]
        before = total(one.workers.read())
        service.end(two)
        kept = file.read_bytes()
        assert total(one.workers.read()) == before
        file.write_bytes(kept)
        service.end(three)
        assert total(one.workers.read()) == before
        assert not file.exists()
    assert total(service.start().workers.read()) == 64


def test_gauges_of_a_dead_worker_end_with_it(service: Service) -> None:
    """What was in flight in a killed worker is in flight no more."""
    one, two = service.start(), service.start()
    one.http.begin("GET")
    two.http.begin("GET")
    two.http.begin("GET")
    active = dict(
        zip(
            *(getattr(one.workers.read()[HTTP_ACTIVE.name], part) for part in ("labels", "values")),
            strict=True,
        )
    )
    assert active[("GET",)] == 3
    service.end(two)
    family = one.workers.read()[HTTP_ACTIVE.name]
    assert dict(zip(family.labels, family.values, strict=True))[("GET",)] == 1


def test_a_gauge_merges_as_the_catalogue_says(service: Service) -> None:
    """A switch that one worker has off is shown as off."""
    one, two = service.start(), service.start()
    one.cache.switched("*", True)
    two.cache.switched("*", False)
    assert value(one.workers.read(), CACHE_SWITCH.name) == 0


def test_the_latest_exemplar_of_all_workers_is_shown(service: Service) -> None:
    """Exemplars survive the sum, the newest first."""
    one, two = service.start(), service.start()
    serve(one, 1, trace_id="aa" * 16)
    service.clock.advance(1)
    serve(two, 1, trace_id="bb" * 16)
    for name in (HTTP_DURATION.name, TENANT_DURATION.name):
        [(trace_id, _, _)] = one.workers.read()[name].exemplars.values()
        assert trace_id == "bb" * 16


def test_the_budget_is_the_services(service: Service) -> None:
    """Workers do not multiply the tenants that may have series."""
    one, two = service.start(), service.start()
    for tenant in (1, 2, 3):
        serve(one, tenant)
    serve(two, 4)
    serve(two, 1)
    reading = two.workers.read()
    assert by_tenant(reading) == {"1": 2, "2": 1, "3": 1, "__overflow__": 1}
    assert value(reading, TENANT_SERIES.name) == 3


def test_a_tenant_busy_elsewhere_is_not_evicted(service: Service) -> None:
    """Idle in one worker is not idle: its counter must not go back in the sum."""
    one, two = service.start(), service.start()
    serve(one, 1, 5)
    one.idle.sweep()
    service.clock.advance(61)
    serve(two, 1)
    assert one.idle.sweep() == 0
    assert by_tenant(one.workers.read()) == {"1": 6}


def test_eviction_reaches_every_worker_at_once(service: Service) -> None:
    """After one worker's sweep no worker shows the tenant; the next request begins anew everywhere."""
    one, two = service.start(), service.start()
    serve(one, 1, 5)
    serve(two, 1, 7)
    one.idle.sweep()
    service.clock.advance(61)
    assert one.idle.sweep() == 1
    assert by_tenant(two.workers.read()) == {}
    serve(two, 1)
    assert by_tenant(one.workers.read()) == {"1": 1}
    serve(one, 1)
    assert by_tenant(two.workers.read()) == {"1": 2}


def test_an_evicted_tenant_is_not_revived_by_the_base(service: Service) -> None:
    """What a dead worker counted for a tenant ends with the tenant's series."""
    one, two = service.start(), service.start()
    serve(two, 1, 7)
    service.end(two)
    assert by_tenant(one.workers.read()) == {"1": 7}
    one.idle.sweep()
    service.clock.advance(61)
    assert one.idle.sweep() == 1
    serve(one, 1)
    assert by_tenant(one.workers.read()) == {"1": 1}


def test_old_exemplars_are_left_out(service: Service) -> None:
    """Prometheus has stored them long ago; shown for ever they would only make scrapes longer."""
    one = service.start()
    serve(one, 1, trace_id="aa" * 16)
    service.clock.advance(121)
    assert not one.workers.read()[TENANT_DURATION.name].exemplars


def test_the_build_of_a_dead_worker_ends_with_it(service: Service) -> None:
    """What is true of a worker only while it lives is not folded."""
    one, two = service.start(), service.start()
    one.runtime.describe_build("taskmed", "2")
    two.runtime.describe_build("taskmed", "1")
    service.end(two)
    assert [labels[1] for labels in one.workers.read()[BUILD.name].labels] == ["2"]


def test_a_dead_worker_is_read_where_it_cannot_be_folded(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full file system costs nobody a count: the file goes on being read."""
    one, two = service.start(), service.start()
    serve(two, 1, 7)
    service.end(two)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        assert by_tenant(one.workers.read()) == {"1": 7}
    assert by_tenant(one.workers.read()) == {"1": 7}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda place: place / "missing", "make it before"),
        (lambda place: place / "missing" / "deeper", "make it before"),
        (lambda place: _file(place / "file"), "is no folder"),
        (lambda _: Path("/sys"), "cannot be written"),
    ],
    ids=["missing", "whole path missing", "a file", "of the kernel"],
)
def test_a_directory_that_cannot_hold_the_counts_is_refused(
    spoil: Callable[[Path], Path], said: str, tmp_path: Path
) -> None:
    """A worker does not start on a folder of its own making, and says what to do."""
    with pytest.raises(ConfigurationError, match=said):
        Service(spoil(tmp_path)).start()


def test_a_directory_without_room_is_refused(tmp_path: Path) -> None:
    """All room is taken at the start: a worker that met the end of it later would be killed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))
    try:
        with pytest.raises(ConfigurationError, match=r"each worker needs [0-9.]+ MB"):
            Service(tmp_path).start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [] == [path for path in tmp_path.rglob("*") if path.suffix in (".new", ".worker")]


def _file(path: Path) -> Path:
    path.write_text("")
    return path
