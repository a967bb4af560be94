"""The script that makes the environment, without a network."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.binaries import ROOT

_SCRIPT = ROOT / "scripts" / "make_environment.py"


@pytest.fixture
def script() -> dict[str, Any]:
    """Give what the script defines."""
    return runpy.run_path(str(_SCRIPT))


def _made(folder: Path, lock: str, script: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    script["stamp"](folder, lock).write_text(script["digest"](lock))


def test_a_larger_environment_serves_the_smaller_lock(tmp_path: Path, script: dict[str, Any]) -> None:
    """After `make test` a `make run` installs nothing; the other way round it does."""
    _made(tmp_path, "dev", script)
    assert script["installed"](tmp_path, "runtime")
    assert script["installed"](tmp_path, "dev")
    assert not script["installed"](tmp_path, "bench")


def test_a_changed_lock_is_installed_again(tmp_path: Path, script: dict[str, Any]) -> None:
    """The environment is current only while the lock is the one it was made from."""
    script["stamp"](tmp_path, "runtime").write_text("of another day")
    assert not script["installed"](tmp_path, "runtime")


def test_nothing_is_said_where_nothing_is_to_do(tmp_path: Path, script: dict[str, Any]) -> None:
    """The second start is silent and quick: no environment is made, no pip is run."""
    _made(tmp_path, "runtime", script)
    done = subprocess.run(
        [sys.executable, _SCRIPT, tmp_path, "runtime"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_checkout_and_its_command_are_linked_in(tmp_path: Path, script: dict[str, Any]) -> None:
    """The environment finds the packages of the checkout, and `taskmed` in its bin."""
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    script["link"](tmp_path)
    assert (packages / "taskmed.pth").read_text() == f"{ROOT}\n"
    assert (tmp_path / "bin" / "taskmed").stat().st_mode & 0o111 == 0o111


def test_wrong_words_are_a_usage_line(tmp_path: Path) -> None:
    """An unknown lock is refused before anything is made."""
    command = [sys.executable, str(_SCRIPT), str(tmp_path / "venv"), "all"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "usage: make_environment.py FOLDER runtime|dev|bench" in done.stderr
    assert not (tmp_path / "venv").exists()
