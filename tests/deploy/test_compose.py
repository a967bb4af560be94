"""The container setup: read by Compose itself, and kept to the house's rules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.objectives import Objectives
from tests.binaries import ROOT, need

_PINNED = re.compile(r"[\w./-]+:v?\d+(\.\d+)+(-[\w.]+)?\Z")
_ONCE = {"tools", "demo", "traffic"}  # they end by themselves


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of what Compose reads, with secrets made for it."""
    folder = tmp_path_factory.mktemp("compose")
    shutil.copy(ROOT / "docker-compose.yml", folder)
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("secrets"))
    _make_secrets(folder)
    return folder


def _make_secrets(checkout: Path) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "scripts" / "make_secrets.py")
    command = [sys.executable, script, str(checkout / "deploy" / "secrets")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """Give the file as it is written."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return document


@pytest.fixture(scope="module")
def services(checkout: Path) -> dict[str, Any]:
    """Give the services as Compose 2 understands them."""
    command = [str(need("docker-compose", newer=True)), "--profile", "demo", "config", "--format", "json"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


def test_compose_reads_it_without_a_complaint(services: dict[str, Any]) -> None:
    """`docker compose config` succeeds, says nothing, and finds every part of the whole."""
    stores = {"postgres", "redis", "prometheus", "tempo", "loki"}
    assert {"taskmed", "alertmanager", "grafana", "collector"} | stores <= set(services)
    assert services["taskmed"]["deploy"]["replicas"] == 2


def test_every_image_is_pinned_to_a_full_version(services: dict[str, Any]) -> None:
    """No image floats: each tag is a full version."""
    for name, service in services.items():
        assert _PINNED.match(service["image"]), name


def test_everything_that_runs_on_is_watched(services: dict[str, Any]) -> None:
    """Each lasting service has a health check and is started again when it ends."""
    for name in set(services) - _ONCE:
        assert services[name]["healthcheck"]["test"], name
        assert services[name]["restart"] == "unless-stopped", name


def test_prometheus_remembers_as_long_as_the_budgets_look_back(written: dict[str, Any]) -> None:
    """Two budgets are counted over days, and growth over two weeks: what is gone counts as served."""
    (kept,) = (
        re.fullmatch(r"--storage\.tsdb\.retention\.time=(\d+)d", each)
        for each in written["services"]["prometheus"]["command"]
        if "retention" in each
    )
    objectives = Objectives()

    assert kept is not None
    assert int(kept[1]) > max(objectives.availability.period_days, objectives.latency.period_days, 14)


def test_nothing_is_published_beyond_this_machine(services: dict[str, Any]) -> None:
    """Every published port is bound to loopback."""
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_docker_hands_lines_to_the_port_that_the_collector_publishes(services: dict[str, Any]) -> None:
    """It connects from this machine, in its own time, to where the collector's receiver listens."""
    collector = yaml.safe_load((ROOT / "deploy" / "collector" / "collector.yml").read_text())
    _, port = collector["receivers"]["fluent_forward"]["endpoint"].split(":")
    (published,) = services["collector"]["ports"]
    address = f"{published['host_ip']}:{published['published']}"

    assert (published["host_ip"], published["target"]) == ("127.0.0.1", int(port))
    assert "-contrib:" in services["collector"]["image"]  # the only one with this receiver
    for name in ("taskmed", "demo", "traffic"):
        logging = services[name]["logging"]
        assert (logging["driver"], logging["options"]["fluentd-address"]) == ("fluentd", address), name
        assert logging["options"]["fluentd-async"] == "true", name
        assert int(logging["options"]["fluentd-buffer-limit"]) <= 2**17, name


def test_file_systems_are_read_only_and_rights_are_dropped(services: dict[str, Any]) -> None:
    """Whatever lasts writes to volumes and tmpfs alone, has no capability and can gain none."""
    for name in set(services) - {"tools"}:
        assert services[name]["read_only"], name
        assert services[name]["cap_drop"] == ["ALL"], name
        assert services[name]["security_opt"] == ["no-new-privileges:true"], name


def test_configuration_comes_from_the_repository(written: dict[str, Any]) -> None:
    """Each mounted file or folder is in the repository, and mounted to be read only."""
    mounts = [
        mount
        for service in written["services"].values()
        for mount in service.get("volumes", ())
        if mount.startswith("./")
    ]
    assert mounts
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert mode == "ro", mount
        assert (ROOT / source).exists(), mount


def test_no_password_is_written_down(written: dict[str, Any]) -> None:
    """Passwords and keys come from the files made on this machine alone."""
    text = json.dumps(written["services"])
    values = re.findall(r"(?i)(?:password|secret|token_keys|sealing_keys)[\"']?\s*[:=]\s*[\"']?(\w+)", text)
    assert values == []


def test_secrets_are_this_machines_own(checkout: Path, tmp_path: Path) -> None:
    """Two makings differ, nobody but the owner may read them, and a second run changes nothing."""
    secrets = checkout / "deploy" / "secrets"
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("secrets"))

    assert _make_secrets(checkout).returncode == 0
    assert _make_secrets(tmp_path).returncode == 0

    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert secrets.stat().st_mode & 0o077 == 0
    for name, text in before.items():
        other = tmp_path / "deploy" / "secrets" / name
        assert other.stat().st_mode & 0o777 == 0o600
        assert other.read_text() != text


def test_half_a_set_of_secrets_is_refused(tmp_path: Path) -> None:
    """A file that went missing is not quietly made anew: its volume still knows the old password."""
    assert _make_secrets(tmp_path).returncode == 0
    (tmp_path / "deploy" / "secrets" / "redis.env").unlink()
    refused = _make_secrets(tmp_path)
    assert refused.returncode == 1
    assert "restore the rest" in refused.stdout


def test_the_service_accepts_its_secrets(checkout: Path) -> None:
    """The variables made for the service are ones that its configuration takes."""
    from app.config import AppConfig  # noqa: PLC0415 - the rest of this file needs no service

    lines = (checkout / "deploy" / "secrets" / "taskmed.env").read_text().splitlines()
    config = AppConfig.from_environ(dict(line.split("=", 1) for line in lines))
    assert config.monitor.cache.url.startswith("redis://:")
    assert len(config.token_keys) == 1
