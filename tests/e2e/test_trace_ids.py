"""One request's ids, from the client through metrics, Prometheus and logs to the exported spans."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from app.auth import Role, TokenIssuer
from app.drill.stack import PrometheusServer, TaskMedServer
from monitor.clock import SystemClock
from monitor.metrics.catalogue import HTTP_DURATION, TENANT_DURATION
from tests.app.service import KEY, KEY_TEXT
from tests.binaries import need
from tests.conditions import until
from tests.monitor.tracing.receiver import OtlpReceiver, attributes, otlp_receiver

WELL, FAILED = "0af7651916cd43dd8448eb211c80319c", "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "b7ad6b7169203331"
CLINIC = 7
_ISSUER = TokenIssuer((KEY,), SystemClock())
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
CONFIG = """\
global: {{scrape_interval: 500ms, scrape_timeout: 400ms}}
scrape_configs:
  - job_name: taskmed
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""

pytestmark = [pytest.mark.prometheus, pytest.mark.filterwarnings("default")]


class Chain:
    """The service, what scrapes it, and what it exports to."""

    def __init__(self, service: TaskMedServer, prometheus: PrometheusServer, receiver: OtlpReceiver) -> None:
        self.service = service
        self.prometheus = prometheus
        self.receiver = receiver

    async def ask(self, trace: str, flags: str) -> int:
        """Ask as a client of the clinic that traces does, and return the status."""
        token = _ISSUER.mint(role=Role.STAFF, user="test", clinic=CLINIC)
        headers = {"Authorization": f"Bearer {token}", "traceparent": f"00-{trace}-{PARENT}-{flags}"}
        async with (
            aiohttp.ClientSession(self.service.url, headers=headers) as session,
            session.get("/api/contacts") as answer,
        ):
            return answer.status

    async def let_fail(self) -> None:
        """Let every request fail from now on."""
        headers = {"Authorization": f"Bearer {_ISSUER.mint(role=Role.OPERATOR, user='test')}"}
        fault = {"seconds": 600, "errorShare": 1.0}
        async with (
            aiohttp.ClientSession(self.service.url, headers=headers) as session,
            session.put("/api/stress/fault", json=fault) as answer,
        ):
            answer.raise_for_status()

    async def exposed(self, metric: str, **labels: str) -> list[tuple[dict[str, str], float]]:
        """Scrape OpenMetrics and return a histogram's exemplars: labels and values."""
        async with (
            aiohttp.ClientSession(self.service.url, headers=OPENMETRICS) as session,
            session.get("/metrics") as answer,
        ):
            text = await answer.text()
        families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        return [
            (sample.exemplar.labels, sample.exemplar.value)
            for family in families
            for sample in family.samples
            if family.name == metric and sample.exemplar and labels.items() <= sample.labels.items()
        ]

    async def stored(self, metric: str) -> list[tuple[dict[str, str], float]]:
        """Ask Prometheus for the exemplars that it scraped."""
        asked = {"query": f"{metric}_bucket", "start": "0", "end": "9999999999"}
        async with (
            aiohttp.ClientSession(self.prometheus.url) as session,
            session.get("/api/v1/query_exemplars", params=asked) as answer,
        ):
            found = (await answer.json())["data"]
        return [(each["labels"], float(each["value"])) for series in found for each in series["exemplars"]]

    async def has_stored(self, metric: str, kept: list[tuple[dict[str, str], float]]) -> None:
        """Wait until Prometheus gives back what was exposed."""

        async def holds() -> bool:
            stored = await self.stored(metric)
            return all(exemplar in stored for exemplar in kept)

        await until(holds, 20)

    def server_span(self, trace: str) -> Span:
        """Return the one span of the trace that stands for the request."""
        (found,) = (span for span in self.spans(trace) if span.kind == Span.SPAN_KIND_SERVER)
        return found

    def spans(self, trace: str) -> list[Span]:
        return [span for span in self.receiver.spans if span.trace_id.hex() == trace]

    def lines(self, trace: str) -> list[dict[str, Any]]:
        """Return the log lines of the trace."""
        written = (self.service.folder / f"{self.service.name}.log").read_text().splitlines()
        lines: list[dict[str, Any]] = [json.loads(line) for line in written if line.startswith("{")]
        return [line for line in lines if line.get("trace_id") == trace]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Run the service, which samples nothing by itself, under Prometheus and before a collector."""
    with otlp_receiver() as receiver:
        variables = {
            "DATABASE_URL": "sqlite+aiosqlite:///taskmed.db",
            "CACHE_URL": "memory://",
            "TASKMED_TOKEN_KEYS": KEY_TEXT,
            "TASKMED_SEALING_KEYS": KEY_TEXT,
            "TASKMED_STRESS": "on",
            "TASKMED_SAMPLING_RATIO": "0",
            "TASKMED_TRUSTED_CALLERS": "127.0.0.1",
            "TASKMED_SCRAPE_INTERVAL_S": "0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        }
        with TaskMedServer(variables) as service:
            config = tmp_path_factory.mktemp("chain") / "prometheus.yml"
            config.write_text(CONFIG.format(port=service.port))
            with PrometheusServer(need("prometheus", newer=True), config) as prometheus:
                yield Chain(service, prometheus, receiver)


async def test_one_request_has_one_trace_everywhere(chain: Chain) -> None:
    """A client's trace is the exemplar's, Prometheus', the log line's and the exported spans' own."""
    assert 200 == await chain.ask(WELL, "01")
    exposed = await chain.exposed(HTTP_DURATION.name, http_route="/api/contacts")
    of_clinic = await chain.exposed(TENANT_DURATION.name, tenant=str(CLINIC))
    await until(lambda: len(chain.spans(WELL)) > 1)
    server = chain.server_span(WELL)

    assert [{"trace_id": WELL}] == [labels for labels, _ in exposed] == [labels for labels, _ in of_clinic]
    await chain.has_stored(HTTP_DURATION.name, exposed)
    await chain.has_stored(TENANT_DURATION.name, of_clinic)
    assert PARENT == server.parent_span_id.hex()
    assert "/api/contacts" == attributes(server)["http.route"]
    await until(lambda: server.span_id.hex() in {line["span_id"] for line in chain.lines(WELL)})
    took_s = (server.end_time_unix_nano - server.start_time_unix_nano) / 1e9
    assert took_s == pytest.approx(exposed[0][1], abs=1e-6)


async def test_a_request_that_fails_is_traced_though_nobody_sampled_it(chain: Chain) -> None:
    """The late decision gives the same ids to the exemplar, to Prometheus and to the exported spans."""
    await chain.let_fail()
    assert 500 == await chain.ask(FAILED, "00")
    exposed = await chain.exposed(HTTP_DURATION.name, http_response_status_code="500")
    await until(lambda: bool(chain.spans(FAILED)))

    assert [{"trace_id": FAILED}] == [labels for labels, _ in exposed]
    await chain.has_stored(HTTP_DURATION.name, exposed)
    assert PARENT == chain.server_span(FAILED).parent_span_id.hex()
