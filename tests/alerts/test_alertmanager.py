"""Who hears what: routes, receivers, and the words they get."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from app.definitions import DEPLOYMENT, development, production
from monitor.definitions.alert_rules import all_alerts
from monitor.definitions.alertmanager import GROUP_WAIT_S, alertmanager
from monitor.definitions.receivers import Environment
from monitor.definitions.rules import AlertRule, Severity
from tests.alerts.promtool import seconds
from tests.binaries import ROOT, need

pytestmark = pytest.mark.prometheus

FOLDER = ROOT / "alerts" / "alertmanager"
NEWER = pytest.mark.parametrize("newer", [False, True], ids=["installed", "newer"])
ALERTS = all_alerts(DEPLOYMENT)

# An ordinary clinic, one with people of its own, those without series of their own, and none at all.
CLINICS = ("7", "1", "__overflow__", "")


def _amtool(newer: bool, *arguments: str) -> subprocess.CompletedProcess[str]:  # noqa: FBT001 - which binary
    return subprocess.run(
        [need("amtool", newer=newer), *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def _labels(alert: AlertRule, tenant: str) -> dict[str, str]:
    labels = {"alertname": alert.name, "job": "taskmed", "severity": alert.severity, "concern": alert.concern}
    return labels | ({"tenant": tenant} if tenant else {})


def _expected(severity: Severity, tenant: str) -> str:
    if severity is Severity.PAGE:
        return "flagship,page" if tenant == "1" else "page"
    return {Severity.TICKET: "ticket", Severity.INFO: "info", Severity.NONE: "watchdog"}[severity]


@NEWER
@pytest.mark.parametrize("environment", [environment.name for environment in DEPLOYMENT.environments])
def test_each_configuration_is_valid(environment: str, newer: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """Both releases of Alertmanager accept what every environment loads, templates included."""
    done = _amtool(newer, "check-config", str(FOLDER / f"{environment}.yml"))

    assert done.returncode == 0, done.stdout + done.stderr


@NEWER
@pytest.mark.parametrize("tenant", CLINICS)
@pytest.mark.parametrize("severity", list(Severity))
def test_every_severity_of_every_clinic_reaches_its_receiver(
    severity: Severity,
    tenant: str,
    newer: bool,  # noqa: FBT001 - a pytest parameter
) -> None:
    """Pages wake, tickets collect, and a clinic with people of its own reaches them besides."""
    alert = next(alert for alert in ALERTS if alert.severity is severity)
    labels = [f"{name}={value}" for name, value in _labels(alert, tenant).items()]

    done = _amtool(
        newer,
        "config",
        "routes",
        "test",
        f"--config.file={FOLDER / 'production.yml'}",
        f"--verify.receivers={_expected(severity, tenant)}",
        *labels,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_without_a_severity_is_a_page() -> None:
    """What nobody routed must not be lost."""
    done = _amtool(
        False, "config", "routes", "test", f"--config.file={FOLDER / 'production.yml'}", "alertname=Stray"
    )

    assert done.stdout.strip() == "page"


@pytest.mark.parametrize("environment", DEPLOYMENT.environments, ids=lambda environment: environment.name)
def test_no_secret_is_in_a_configuration(environment: Environment) -> None:
    """Keys, passwords and hooks are read from files by Alertmanager."""
    text = yaml.safe_dump(alertmanager(environment, DEPLOYMENT))
    secret = ("routing_key:", "service_key:", "api_url:", "password:", "credentials:", "bearer_token:")

    assert not [word for word in secret if word in text]


def test_a_group_waits_for_an_evaluation() -> None:
    """A source in another rule group comes up to an evaluation after its targets, and still mutes them."""
    config = alertmanager(production(), DEPLOYMENT)

    assert GROUP_WAIT_S >= 15
    assert config["route"]["group_wait"] == "30s"


def test_no_repeat_falls_on_a_flush() -> None:
    """A repeat interval that is a multiple of the group interval comes one flush late, or twice."""
    config = alertmanager(production(), DEPLOYMENT)

    for route in (config["route"], *config["route"]["routes"]):
        interval = seconds(route.get("group_interval", config["route"]["group_interval"]))
        repeat = seconds(route.get("repeat_interval", config["route"]["repeat_interval"]))
        assert repeat % interval


@NEWER
@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
def test_the_message_says_everything(alert: AlertRule, newer: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a pytest parameter
    """Value, threshold, normal range, clinic, runbook and dashboard are in the text of every alert."""
    annotations = alert.document(DEPLOYMENT)["annotations"]
    data = {
        "status": "firing",
        "alerts": [
            {
                "status": "firing",
                "labels": _labels(alert, "7"),
                "annotations": annotations,
                "startsAt": "2026-03-01T08:00:00Z",
            }
        ],
    }
    path = tmp_path / "data.json"
    path.write_text(json.dumps(data))

    done = _amtool(
        newer,
        "template",
        "render",
        f"--template.glob={FOLDER}/templates/*.tmpl",
        '--template.text={{ template "taskmed.title" . }}\n{{ template "taskmed.text" . }}',
        f"--template.data={path}",
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Firing: {annotations['summary']}")
    assert "Clinic: 7" in done.stdout
    assert "Since: 2026-03-01 08:00:00 UTC" in done.stdout
    for name in ("description", "threshold", "normal", "runbook_url", "dashboard_url"):
        assert annotations[name] in done.stdout


def test_the_development_receivers_can_be_moved() -> None:
    """Every hook of the development environment is below one address."""
    config = alertmanager(development("http://127.0.0.1:9"), DEPLOYMENT)
    urls = [hook["url"] for receiver in config["receivers"] for hook in receiver["webhook_configs"]]

    assert len(urls) == len(config["receivers"])
    assert all(url.startswith("http://127.0.0.1:9/") for url in urls)
