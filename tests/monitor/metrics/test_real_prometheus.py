"""A real Prometheus 3 stores the tenants' histograms as native ones and gives the exemplars back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from app.drill.stack import PrometheusServer
from tests.binaries import need
from tests.conditions import until
from tests.monitor.metrics.real_worker import PATIENCE_S, Worker

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HISTOGRAM = "tenant_http_request_duration_seconds"
# Prometheus 3.5 drops the series of every histogram, without a word, where the conversion is on and
# the feature is not; from 3.9 on the feature is always on.
NATIVE = ["--enable-feature=exemplar-storage,native-histograms"]
CONFIG = """\
global: {{scrape_interval: 500ms, scrape_timeout: 400ms}}
scrape_configs:
  - job_name: service
    convert_classic_histograms_to_nhcb: {native}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""

pytestmark = pytest.mark.prometheus


class Prometheus:
    """Asks a running Prometheus."""

    def __init__(self, server: PrometheusServer) -> None:
        self._url = server.url

    async def value_by_tenant(self, query: str) -> dict[str, float]:
        """Run an instant query and return its value by tenant."""
        found = await self._get("query", query=query)
        return {row["metric"]["tenant"]: float(row["value"][1]) for row in found["result"]}

    async def exemplar_traces(self, query: str) -> set[str]:
        """Return the traces of the exemplars of the last hour."""
        found = await self._get("query_exemplars", query=query, start="0", end="9999999999")
        return {kept["labels"]["trace_id"] for series in found for kept in series["exemplars"]}

    async def _get(self, what: str, **parameters: str) -> Any:
        async with httpx.AsyncClient(base_url=self._url) as client:
            answer = await client.get(f"/api/v1/{what}", params=parameters)
            return answer.raise_for_status().json()["data"]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    with Worker(tmp_path) as worker:
        yield worker


@pytest.fixture
def prometheus(request: pytest.FixtureRequest, worker: Worker, tmp_path: Path) -> Iterator[Prometheus]:
    """Scrape the worker with the conversion on or off, as the parameter says."""
    config = tmp_path / "prometheus.yml"
    config.write_text(CONFIG.format(native=str(request.param).lower(), port=worker.port))
    with PrometheusServer(need("prometheus", newer=True), config, NATIVE) as server:
        yield Prometheus(server)


async def serve(worker: Worker, tenant: int, times: int) -> None:
    headers = {"Authorization": f"Bearer {tenant}", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    async with httpx.AsyncClient(base_url=worker.url, headers=headers) as client:
        for _ in range(times):
            (await client.get("/visits/well")).raise_for_status()


async def has(prometheus: Prometheus, query: str, expected: dict[str, float]) -> None:
    """Wait until the query's values contain those."""

    async def holds() -> bool:
        return expected.items() <= (await prometheus.value_by_tenant(query)).items()

    await until(holds, PATIENCE_S)


@pytest.mark.parametrize("prometheus", [True], indirect=True)
async def test_a_tenants_histogram_is_one_native_series(worker: Worker, prometheus: Prometheus) -> None:
    """With custom buckets: counts, the share under 100 ms and percentiles are exact questions."""
    await serve(worker, 7, 30)
    await serve(worker, 8, 5)
    await has(prometheus, f"histogram_count({HISTOGRAM})", {"7": 30, "8": 5})
    await has(prometheus, f"histogram_fraction(-Inf, 0.1, {HISTOGRAM})", {"7": 1.0, "8": 1.0})
    p95 = await prometheus.value_by_tenant(f"histogram_quantile(0.95, {HISTOGRAM})")
    assert 0 < p95["7"] <= 0.1
    assert await prometheus.value_by_tenant(f"{HISTOGRAM}_bucket") == {}
    series = await prometheus.value_by_tenant(f'count by (tenant) ({{__name__=~"{HISTOGRAM}.*"}})')
    assert series["7"] == 1


@pytest.mark.parametrize("prometheus", [True, False], indirect=True)
async def test_exemplars_are_read_back(worker: Worker, prometheus: Prometheus) -> None:
    """The trace of a sampled request is found from the histograms, native or classic."""
    await serve(worker, 7, 3)
    for name in (HISTOGRAM, "http_server_request_duration_seconds"):

        async def found(name: str = name) -> bool:
            return TRACE in await prometheus.exemplar_traces(f'{{__name__=~"{name}.*"}}')

        await until(found, PATIENCE_S)


@pytest.mark.parametrize("prometheus", [False], indirect=True)
async def test_classic_histograms_stay_classic_without_the_conversion(
    worker: Worker, prometheus: Prometheus
) -> None:
    """The rules of this repository ask for `_bucket`, `_sum` and `_count`, and find them."""
    await serve(worker, 7, 4)
    await has(prometheus, f"{HISTOGRAM}_count", {"7": 4})
    await has(prometheus, f'{HISTOGRAM}_bucket{{le="0.1"}}', {"7": 4})
