"""Programs are found by environment, PATH, system folders and the installer's folder, in that order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.drill.binaries import PROGRAMS, Binaries
from monitor.errors import ConfigurationError


def _program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that names a path is taken as it is, before the PATH."""
    _program(tmp_path / "bin", "promtool")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert Binaries({"PROMTOOL": "/opt/promtool"}, tmp_path).find("promtool") == Path("/opt/promtool")


def test_the_path_comes_before_the_installers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system has is taken before what was extracted."""
    on_path = _program(tmp_path / "bin", "amtool")
    _program(tmp_path / "own/usr/bin", "amtool")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert Binaries({}, tmp_path).find("amtool") == on_path


def test_a_later_suites_program_is_found_apart(tmp_path: Path) -> None:
    """`find_newer` looks in the later suite's folder alone, into the folders each package uses."""
    newer = _program(tmp_path / "newer/usr/bin", "prometheus")
    plugin = _program(tmp_path / "newer/usr/libexec/docker/cli-plugins", "docker-compose")
    binaries = Binaries({}, tmp_path)
    assert binaries.find_newer("prometheus") == newer
    assert binaries.find_newer("docker-compose") == plugin


def test_the_highest_version_of_several_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a system holds several PostgreSQL versions, the last one is used."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for version in ("9", "98", "99"):
        _program(tmp_path / "own/usr/lib/postgresql" / version / "bin", "no-such-program")
    monkeypatch.setitem(PROGRAMS, "no-such-program", replace(PROGRAMS["initdb"], name="no-such-program"))
    found = Binaries({}, tmp_path).find("no-such-program")
    assert found.parent.parent.name == "99"


def test_a_missing_program_says_what_to_install(tmp_path: Path) -> None:
    """The error is one line with the package's name."""
    with pytest.raises(ConfigurationError, match="docker-compose is not installed") as missing:
        Binaries({}, tmp_path).find_newer("docker-compose")
    assert "\n" not in str(missing.value)
