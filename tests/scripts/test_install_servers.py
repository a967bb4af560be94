"""The script that installs servers, without a network and without root's rights."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.binaries import ROOT


@pytest.fixture
def script() -> dict[str, Any]:
    """Give what the script defines."""
    return runpy.run_path(str(ROOT / "scripts" / "install_servers.py"))


def _bare(script: dict[str, Any], monkeypatch: pytest.MonkeyPatch, **known: Any) -> Any:
    """Return `main` as it runs on a machine that holds nothing and may install nothing."""
    main = script["main"]
    facts = {"missing_packages": lambda: ["redis-server", "postgresql"], "can_install": lambda: False}
    for name, fact in {**facts, "fetch_later": lambda: True, **known}.items():
        monkeypatch.setitem(main.__globals__, name, fact)
    return main


def test_where_apt_may_not_install_one_line_says_what_to_do(
    script: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line holds the command, and the rest of the tests go on."""
    monkeypatch.delenv("CI", raising=False)
    assert _bare(script, monkeypatch)() == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "servers: run `sudo apt-get install redis-server postgresql`, or the tests that need them are skipped"
    ]


def test_on_ci_a_missing_server_is_a_failure(script: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be installed stops the run before the tests."""
    monkeypatch.setenv("CI", "true")
    assert _bare(script, monkeypatch)() == 1
    assert _bare(script, monkeypatch, missing_packages=list, fetch_later=lambda: False)() == 1
    assert _bare(script, monkeypatch, missing_packages=list)() == 0


def test_progress_is_read_from_apts_own_lines(script: dict[str, Any]) -> None:
    """Index files first, then packages fetched, unpacked and set up of the number that apt announced."""
    update = ["Get:1 mirror InRelease\n", "Get:2 mirror Packages\n"]
    assert script["progress"](update) == "2 index files"
    install = [
        "0 upgraded, 3 newly installed, 0 to remove and 0 not upgraded.\n",
        *(f"Get:{number} mirror package\n" for number in (1, 2, 3)),
        "Unpacking redis-server (5:7.0) ...\n",
        "Setting up liblzf1 (3.6) ...\n",
    ]
    assert script["progress"](install) == "of 3 packages 3 fetched, 1 unpacked, 1 set up"


def test_the_mirror_is_this_machines_own(
    script: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read from apt's sources: the first Debian one with the main component."""
    listing = "Debian contrib http://mirror.test/other/\nDebian main http://mirror.test/debian/\n"
    apt = tmp_path / "apt-get"
    apt.write_text(f"#!/bin/sh\nprintf '{listing}'\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert script["debian_mirror"]() == "http://mirror.test/debian/"
