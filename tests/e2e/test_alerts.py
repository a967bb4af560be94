"""A fault in the real service is one page through a real Prometheus and Alertmanager, and its end ends it.

An hour passes in a minute; the rules, routes and templates are otherwise those in force.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from monitor.definitions import recorded
from tests.e2e.alerting import AlertStack, alerts_in

pytestmark = [
    pytest.mark.prometheus,
    pytest.mark.redis,
    pytest.mark.timeout(240),
    pytest.mark.drill,
    pytest.mark.filterwarnings("default"),
]

CLINICS = (2, 3, 7)
STORM = tuple(range(2, 202))
RATE = 30.0

Record = Callable[[str, object], None]


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[AlertStack]:
    """Give the running chain with later releases of Prometheus and Alertmanager."""
    async with AlertStack(tmp_path) as running:
        yield running


class Stopwatch:
    """Keeps the times of a story, in seconds since the fault began or ended."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._since = time.monotonic()

    def restart(self) -> None:
        """A new part of the story begins."""
        self._since = time.monotonic()

    def lap(self, name: str) -> None:
        """Note how long this part took."""
        self._record(name, round(time.monotonic() - self._since, 2))


@pytest.fixture
def watch(record_property: Record) -> Stopwatch:
    """Give a stopwatch whose times end in the test report."""
    return Stopwatch(record_property)


async def _well(stack: AlertStack) -> None:
    """Wait until traffic is measured, answered fast and from the cache."""
    await stack.healthy(recorded.MEAN, lambda value: value < 0.1)
    await stack.healthy(recorded.HIT_RATIO, lambda value: value > 0.9)


async def test_slow_answers_page_and_resolve(stack: AlertStack, watch: Stopwatch) -> None:
    """Every answer takes 300 ms longer: one page for the service, with the value on it, and none a clinic."""
    stack.send(CLINICS, RATE)
    await _well(stack)

    await stack.fault(delayMs=300)
    watch.restart()
    page = await stack.told("/page", "ServiceLatencyHigh")
    watch.lap("page_s")

    await stack.fault()
    watch.restart()
    await stack.told("/page", "ServiceLatencyHigh", "resolved")
    watch.lap("resolved_s")
    annotations = page.alerts[0]["annotations"]
    assert page.group == {"job": "taskmed", "concern": "latency"}
    assert annotations["threshold"].startswith("over 100 ms")
    assert annotations["value"].endswith("ms")
    assert "7 (" in annotations["worst"]
    assert not alerts_in(stack.messages("/page")) & {"TenantLatencyHigh", "ManyTenantsLatencyHigh"}


async def test_failures_page_and_resolve(stack: AlertStack, watch: Stopwatch) -> None:
    """One answer in eight fails: one group of pages for errors, and none a clinic."""
    stack.send(CLINICS, RATE)
    await _well(stack)

    await stack.fault(errorShare=0.125)
    watch.restart()
    await stack.told("/page", "ServiceErrorsHigh")
    watch.lap("page_s")

    await stack.fault()
    watch.restart()
    await stack.told("/page", "ServiceErrorsHigh", "resolved")
    watch.lap("resolved_s")
    groups = {tuple(sorted(page.group.items())) for page in stack.messages("/page")}
    assert groups == {(("concern", "errors"), ("job", "taskmed"))}
    assert not alerts_in(stack.messages("/page")) & {"TenantErrorsHigh", "ManyTenantsErrorsHigh"}


async def test_misses_are_a_ticket_and_resolve(stack: AlertStack, watch: Stopwatch) -> None:
    """Reads that can never hit: a ticket for the hit ratio and no page, and it ends once reads repeat."""
    traffic = stack.send(CLINICS, RATE)
    await _well(stack)

    traffic.cold = True
    watch.restart()
    page = await stack.told("/ticket", "ServiceHitRatioLow")
    watch.lap("page_s")

    traffic.cold = False
    watch.restart()
    await stack.told("/ticket", "ServiceHitRatioLow", "resolved")
    watch.lap("resolved_s")
    assert page.alerts[0]["annotations"]["value"].endswith("%")
    assert "TenantHitRatioLow" not in alerts_in(stack.messages("/ticket"))
    assert stack.messages("/page") == []


async def test_one_failing_clinic_is_its_own_page(stack: AlertStack, watch: Stopwatch) -> None:
    """A clinic with people of its own fails: they and the one on call are told its name; others are well."""
    stack.send((1,), 1.0)
    stack.send(CLINICS, RATE)
    await _well(stack)

    await stack.fault(errorShare=1.0, clinics=[1])
    watch.restart()
    page = await stack.told("/page", "TenantFailing", tenant="1")
    await stack.told("/flagship", "TenantFailing", tenant="1")
    watch.lap("page_s")

    await stack.fault()
    watch.restart()
    await stack.told("/page", "TenantFailing", "resolved", tenant="1")
    watch.lap("resolved_s")
    assert "var-tenant=1" in page.alerts[0]["annotations"]["dashboard_url"]
    told = [alert for each in stack.messages("/page") for alert in each.alerts if "tenant" in alert["labels"]]
    assert {alert["labels"]["tenant"] for alert in told} == {"1"}


async def test_a_dead_service_pages_once_and_resolves(stack: AlertStack, watch: Stopwatch) -> None:
    """Killed and started again: one page says that it is down, and nothing else pages."""
    stack.send(CLINICS, RATE)
    await _well(stack)

    stack.service.kill()
    watch.restart()
    await stack.told("/page", "ServiceDown")
    watch.lap("page_s")

    stack.service.start()
    watch.restart()
    await stack.told("/page", "ServiceDown", "resolved")
    watch.lap("resolved_s")
    assert alerts_in(stack.messages("/page")) == {"ServiceDown"}


async def test_a_dead_redis_is_a_ticket_and_no_page(stack: AlertStack, watch: Stopwatch) -> None:
    """Users are served from the database, so nobody is woken."""
    stack.send(CLINICS, RATE)
    await _well(stack)

    stack.redis.stop()
    watch.restart()
    await stack.told("/ticket", "CacheStoreDown")
    watch.lap("ticket_s")

    stack.redis.start()
    watch.restart()
    await stack.told("/ticket", "CacheStoreDown", "resolved")
    watch.lap("resolved_s")
    assert stack.messages("/page") == []


async def test_a_storm_of_two_hundred_clinics_is_one_page(stack: AlertStack, watch: Stopwatch) -> None:
    """All of 200 clinics fail at once: one message at the onset, one at the recovery, and nothing between."""
    stack.send(STORM, 60.0)
    await _well(stack)
    await stack.healthy("count(job_tenant:http_requests:rate5m >= 0.1)", lambda value: value >= len(STORM))

    await stack.fault(errorShare=1.0)
    watch.restart()
    await stack.told("/page", "ServiceFailing")
    watch.lap("page_s")
    failing = 'count(ALERTS{alertname="TenantFailing", alertstate="firing"})'
    await stack.healthy(failing, lambda value: value == len(STORM))

    await stack.fault()
    watch.restart()
    await stack.told("/page", "ServiceFailing", "resolved")
    watch.lap("resolved_s")
    assert [page.status for page in stack.messages("/page")] == ["firing", "resolved"]


async def test_the_watchdog_is_heard(stack: AlertStack) -> None:
    """Its own receiver hears it without any fault, and again."""
    first = await stack.told("/watchdog", "Watchdog")

    assert first.alerts[0]["annotations"]["summary"] == "TaskMed: alerting works"


async def test_the_installed_releases_page_as_well(tmp_path: Path) -> None:
    """The same rules and routes, on the Prometheus and Alertmanager that this system has."""
    async with AlertStack(tmp_path, newer=False) as stack:
        stack.send(CLINICS, RATE)
        await _well(stack)
        await stack.fault(delayMs=300)
        await stack.told("/page", "ServiceLatencyHigh")
        await stack.fault()
        await stack.told("/page", "ServiceLatencyHigh", "resolved")
