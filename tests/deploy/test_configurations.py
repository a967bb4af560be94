"""The configuration files of the other servers, checked by their own tools where there are any."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.metrics.catalogue import HTTP_DURATION
from monitor.tracing import spans
from tests.binaries import ROOT, need

DEPLOY = ROOT / "deploy"


def _yaml(path: str) -> Any:
    return yaml.safe_load((DEPLOY / path).read_text())


@pytest.mark.prometheus
@pytest.mark.parametrize("newer", [False, True], ids=["own", "newer"])
def test_promtool_accepts_the_configuration_with_its_rules(tmp_path: Path, *, newer: bool) -> None:
    """`promtool check config` finds nothing wrong, with the rules laid out as they are mounted."""
    shutil.copy(DEPLOY / "prometheus" / "prometheus.yml", tmp_path)
    shutil.copytree(ROOT / "alerts" / "rules", tmp_path / "rules")
    command = [str(need("promtool", newer=newer)), "check", "config", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rule files found" in done.stdout


@pytest.mark.prometheus
@pytest.mark.parametrize("newer", [False, True], ids=["own", "newer"])
def test_amtool_accepts_the_configuration_that_compose_mounts(*, newer: bool) -> None:
    """`amtool check-config` finds nothing wrong, templates included."""
    config = ROOT / "alerts" / "alertmanager" / "development.yml"
    command = [str(need("amtool", newer=newer)), "check-config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_scrapes_each_part_by_the_name_compose_gives_it() -> None:
    """Every target is a service of the Compose file, and the service itself is found by DNS."""
    services = set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]) | {"127.0.0.1"}
    jobs = _yaml("prometheus/prometheus.yml")["scrape_configs"]
    hosts = {
        target.partition(":")[0]
        for job in jobs
        for config in job.get("static_configs", ())
        for target in config["targets"]
    }
    names = {name for job in jobs for config in job.get("dns_sd_configs", ()) for name in config["names"]}
    assert hosts <= services
    assert names == {"taskmed"}


def test_spans_find_their_way_from_the_service_to_grafana() -> None:
    """Service to collector, collector to Tempo, Tempo to Grafana: each names the next one's address."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    collector, tempo = _yaml("collector/collector.yml"), _yaml("tempo/tempo.yml")
    sources = {
        source["uid"]: source
        for source in _yaml("grafana/provisioning/datasources/datasources.yml")["datasources"]
    }

    assert compose["x-taskmed"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4318"
    assert collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
    assert collector["exporters"]["otlp_grpc/tempo"]["endpoint"] == "tempo:4317"
    assert tempo["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"].endswith(":4317")
    assert sources["tempo"]["url"] == f"http://tempo:{tempo['server']['http_listen_port']}"
    assert sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"][0]["datasourceUid"] == "tempo"


def test_a_span_leads_to_the_metrics_of_its_route() -> None:
    """The links in Tempo's data source turn an attribute that spans have into a label that the metric has."""
    (tempo,) = (
        source
        for source in _yaml("grafana/provisioning/datasources/datasources.yml")["datasources"]
        if source["uid"] == "tempo"
    )
    link = tempo["jsonData"]["tracesToMetrics"]

    assert link["datasourceUid"] == "prometheus"
    assert [{"key": spans.HTTP_ROUTE, "value": "http_route"}] == link["tags"]
    assert "http_route" in HTTP_DURATION.labels
    for query in link["queries"]:
        assert f"{HTTP_DURATION.name}_" in query["query"]
        assert "{$$__tags}" in query["query"]


def test_the_collectors_pipelines_name_what_is_configured() -> None:
    """Each part that a pipeline uses is defined, each that is defined is used, the memory limiter first."""
    collector = _yaml("collector/collector.yml")
    pipelines = collector["service"]["pipelines"]
    assert {"traces", "logs"} == set(pipelines)
    for kind in ("receivers", "processors", "exporters"):
        assert {name for pipeline in pipelines.values() for name in pipeline[kind]} == set(collector[kind])
    for pipeline in pipelines.values():
        assert pipeline["processors"][0] == "memory_limiter"
    assert set(collector["service"]["extensions"]) == set(collector["extensions"])


def test_every_data_source_that_a_link_names_is_provisioned() -> None:
    """Exemplars, traces and lines lead on to data sources that are there, each to another than its own."""
    sources = _yaml("grafana/provisioning/datasources/datasources.yml")["datasources"]
    links = {(source["uid"], uid) for source in sources for uid in _named(source["jsonData"])}

    assert {uid for _, uid in links} <= {source["uid"] for source in sources}
    assert links == {("prometheus", "tempo"), ("tempo", "prometheus"), ("tempo", "loki"), ("loki", "tempo")}


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from [inner] if key == "datasourceUid" else _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)
