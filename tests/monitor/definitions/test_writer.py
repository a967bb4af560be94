"""The written files are what the code says, the same bytes each time."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from app.definitions import DEPLOYMENT
from monitor.definitions.__main__ import main
from monitor.definitions.writer import definitions, documents
from tests.binaries import ROOT

WRITTEN = definitions(DEPLOYMENT) | documents(DEPLOYMENT, ROOT)


@pytest.mark.parametrize("path", sorted(WRITTEN))
def test_the_committed_file_is_the_written_one(path: str) -> None:
    """A change of the code without `make definitions`, or of the file by hand, is noticed."""
    assert (ROOT / path).read_text() == WRITTEN[path]


def test_no_file_is_left_over() -> None:
    """Every file below the written folders is written: what is no longer defined is removed."""
    folders = (
        "alerts/rules",
        "alerts/alertmanager",
        "alerts/kubernetes",
        "alerts/mixin",
        "alerts/openslo",
        "dashboards",
    )
    there = {
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }

    assert there <= set(WRITTEN)


def test_the_command_writes_for_another_service(tmp_path: Path) -> None:
    """An adopter's job and links are in every rule and no other job's."""
    main(["--out", str(tmp_path), "--job", "bookings", "--grafana-url", "https://grafana.example"])

    rules = (tmp_path / "alerts/rules/objectives.yml").read_text()
    assert 'job="bookings"' in rules
    assert 'job="taskmed"' not in rules
    assert "https://grafana.example/d/" in rules


def test_the_module_is_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m monitor.definitions --out DIR` writes all of it."""
    monkeypatch.delitem(sys.modules, "monitor.definitions.__main__")
    monkeypatch.setattr(
        sys, "argv", ["definitions", "--adoption", "app.definitions:DEPLOYMENT", "--out", str(tmp_path)]
    )

    runpy.run_module("monitor.definitions", run_name="__main__")

    assert (tmp_path / "dashboards/service.json").read_text() == WRITTEN["dashboards/service.json"]
    assert (tmp_path / "docs/runbooks/ServiceDown.md").exists()
