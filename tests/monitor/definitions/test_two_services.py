"""Two services share one Prometheus, one Grafana and one Alertmanager."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from app.definitions import DEPLOYMENT as CLINICS
from app.drill.stack import PrometheusServer
from monitor.definitions.deployment import Deployment
from monitor.definitions.writer import definitions, documents, write
from tests.binaries import need
from tests.conditions import until
from tests.monitor.definitions.bookings import DEPLOYMENT as BOOKINGS

BOTH = (CLINICS, BOOKINGS)
OTHERS = re.compile(r"clinic|taskmed|contacts", re.IGNORECASE)


def rule_documents(deployment: Deployment) -> list[dict[str, Any]]:
    written = definitions(deployment)
    return [yaml.safe_load(text) for path, text in written.items() if path.startswith("alerts/rules/")]


def rules(deployment: Deployment) -> list[dict[str, Any]]:
    groups = [group for document in rule_documents(deployment) for group in document["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def names_of(deployment: Deployment) -> dict[str, set[str]]:
    """What has to be a service's alone, by kind."""
    written = definitions(deployment)
    boards = [json.loads(text) for path, text in written.items() if path.startswith("dashboards/")]
    groups = [group["name"] for document in rule_documents(deployment) for group in document["groups"]]
    (template,) = (text for path, text in written.items() if path.endswith(".tmpl"))
    slos = list(yaml.safe_load_all(written["alerts/openslo/objectives.yaml"]))
    return {
        "uids": {board["uid"] for board in boards},
        "titles": {board["title"] for board in boards},
        "tags": {tag for board in boards for tag in board["tags"]},
        "groups": set(groups),
        "alerts": {rule["alert"] for rule in rules(deployment) if "alert" in rule},
        "templates": set(re.findall(r'define "([^"]+)"', template)),
        "manifests": {yaml.safe_load(written["alerts/kubernetes/prometheusrule.yaml"])["metadata"]["name"]},
        "slos": {slo["metadata"]["name"] for slo in slos if slo["kind"] == "SLO"},
    }


@pytest.mark.parametrize("kind", names_of(CLINICS))
def test_no_name_is_both_services(kind: str) -> None:
    """Neither overwrites, links to or mutes what is the other's."""
    one, other = (names_of(deployment)[kind] for deployment in BOTH)

    assert one
    assert other
    assert set() == one & other


def test_links_stay_in_the_service() -> None:
    """A dashboard's links and an alert's lead to dashboards of the same service."""
    for deployment in BOTH:
        text = "\n".join(definitions(deployment).values())

        assert set(re.findall(r"/d/([a-z-]+)[?]", text)) <= names_of(deployment)["uids"]


def test_each_mutes_its_own_alerts() -> None:
    """Every name that an inhibition speaks of is an alert of that service."""
    for deployment in BOTH:
        config = yaml.safe_load(
            next(text for path, text in definitions(deployment).items() if path.endswith("production.yml"))
        )
        named = re.findall(r'alertname=~?"([^"]+)"', json.dumps(config["inhibit_rules"]).replace('\\"', '"'))

        assert {name for names in named for name in names.split("|")} <= names_of(deployment)["alerts"]


def test_every_recorded_series_is_one_services() -> None:
    """Rules record under the same names, so that one query reads both; each selects its own job alone."""
    for deployment in BOTH:
        for rule in rules(deployment):
            selected = set(re.findall(r'job="([^"]+)"', rule["expr"]))

            assert selected <= {deployment.job}, rule
            assert selected or rule["expr"] == "vector(1)", rule


def test_nothing_speaks_of_the_other_service(tmp_path: Path) -> None:
    """Rules, pages, dashboards, messages and runbooks have the adopter's noun, bounds and name."""
    written = definitions(BOOKINGS) | documents(BOOKINGS, tmp_path)
    everything = "\n".join(written.values())

    assert [] == OTHERS.findall(everything)
    assert "[[" not in everything.replace("[[:", "")
    assert "More than three hotels wait long at once" in written["docs/runbooks/ManyTenantsLatencyHigh.md"]
    assert "duration > 250ms" in written["docs/runbooks/ServiceLatencyHigh.md"]
    assert "Rooms sold" in written["dashboards/own.json"]
    assert "By hotel." in written["dashboards/own.json"]


def test_runbooks_are_whole(tmp_path: Path) -> None:
    """An adopter's folder holds every answer, and what its team adds below the line stays."""
    write(documents(BOOKINGS, tmp_path), tmp_path)
    path = tmp_path / "docs/runbooks/ServiceDown.md"
    first = path.read_text()
    path.write_text(f"{first}<!-- ours -->\nAsk Ada.\n")
    write(documents(BOOKINGS, tmp_path), tmp_path)

    assert all(len(text.read_text()) > 600 for text in path.parent.iterdir())
    assert f"{first}<!-- ours -->\nAsk Ada.\n" == path.read_text()


@pytest.mark.prometheus
async def test_one_prometheus_evaluates_both(tmp_path: Path) -> None:
    """Every rule of both is healthy in one server, and each watchdog and missing target is told apart."""
    for deployment in BOTH:
        hurried = replace(deployment, pace=1 / 300, floor_s=1.0)
        files = definitions(hurried)
        write(
            {p: text for p, text in files.items() if p.startswith("alerts/rules")}, tmp_path / deployment.job
        )
    folders = [tmp_path / deployment.job / "alerts/rules/*.yml" for deployment in BOTH]
    config = tmp_path / "prometheus.yml"
    config.write_text(
        yaml.safe_dump({"global": {"evaluation_interval": "1s"}, "rule_files": list(map(str, folders))})
    )

    async with aiohttp.ClientSession() as session:
        with PrometheusServer(need("prometheus"), config) as server:

            async def evaluated() -> list[dict[str, Any]]:
                async with session.get(f"{server.url}/api/v1/rules") as answer:
                    groups = (await answer.json())["data"]["groups"]
                return [rule for group in groups for rule in group["rules"]]

            async def all_evaluated() -> bool:
                return all(rule["health"] != "unknown" for rule in await evaluated())

            await until(all_evaluated, 60.0)
            found = await evaluated()
            async with session.get(f"{server.url}/api/v1/alerts") as answer:
                alerts = [alert["labels"] for alert in (await answer.json())["data"]["alerts"]]

    assert [] == [rule["lastError"] for rule in found if rule["health"] != "ok"]
    assert len(found) == sum(len(rules(deployment)) for deployment in BOTH)
    for name in ("Watchdog", "ServiceMissing"):
        told = {
            (labels["alertname"], labels["job"]) for labels in alerts if labels["alertname"].endswith(name)
        }
        assert {(deployment.alert_name(name), deployment.job) for deployment in BOTH} == told


@pytest.mark.prometheus
@pytest.mark.parametrize("deployment", BOTH, ids=lambda deployment: deployment.job)
def test_the_operators_manifest_holds_the_rules(deployment: Deployment, tmp_path: Path) -> None:
    """The Prometheus operator hands `spec` to Prometheus as it is: promtool reads it as a rule file."""
    manifest = yaml.safe_load(definitions(deployment)["alerts/kubernetes/prometheusrule.yaml"])
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump(manifest["spec"]))

    done = subprocess.run(
        [need("promtool"), "check", "rules", path], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert ("monitoring.coreos.com/v1", "PrometheusRule") == (manifest["apiVersion"], manifest["kind"])
    assert manifest["spec"]["groups"] == [g for d in rule_documents(deployment) for g in d["groups"]]
