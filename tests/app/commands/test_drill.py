"""`taskmed drill` on the command line."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
from typer.testing import CliRunner

from app.commands.cli import app
from app.drill.process import descendants
from app.drill.stack import TaskMedServer
from tests.app.service import KEY_TEXT
from tests.binaries import ROOT, need
from tests.e2e.test_serve import gone

_WORDS = (sys.executable, "-m", "app.commands.cli", "drill")


def _environment(folder: Path, **more: str) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin:/usr/sbin", "PYTHONPATH": str(ROOT), "HOME": str(folder), **more}


def _drill(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_WORDS, *options],
        cwd=folder,
        env=_environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        (("--fault", "nonsense"), {}, "taskmed: --fault: nonsense is none of latency, errors"),
        (("--profile", "slow"), {}, "taskmed: --profile: slow is none of short, production"),
        (("--service", "http://127.0.0.1:1"), {}, "taskmed: --token-file: give an operator's token"),
        (
            ("--service", "http://127.0.0.1:1"),
            {"TASKMED_TOKEN_KEYS": KEY_TEXT},
            "taskmed: http://127.0.0.1:1 does not answer",
        ),
    ],
)
def test_what_is_wrong_is_one_line(
    tmp_path: Path, options: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    """The option or address, what would be right, and 1; no traceback."""
    done = _drill(tmp_path, *options, **variables)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(said)
    assert "Traceback" not in done.stderr


@pytest.mark.filterwarnings("default")
def test_a_service_without_faults_is_left_alone(tmp_path: Path) -> None:
    """A running service that was not started for drills says which variable it lacks."""
    variables = {"DATABASE_URL": "sqlite+aiosqlite:///taskmed.db", "TASKMED_TOKEN_KEYS": KEY_TEXT}
    with TaskMedServer({**variables, "CACHE_URL": "memory://", "TASKMED_SEALING_KEYS": KEY_TEXT}) as server:
        done = _drill(tmp_path, "--service", server.url, TASKMED_TOKEN_KEYS=KEY_TEXT)
    assert done.returncode == 1
    assert "start the service with TASKMED_STRESS=on" in done.stderr


@pytest.mark.redis
@pytest.mark.prometheus
async def test_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    """In the middle of a fault: no server stays, no file stays, no traceback, and 130."""
    code, said, pids = await asyncio.to_thread(_broken_off, tmp_path)
    assert code == 130
    assert len(pids) >= 4
    await gone(pids)
    assert "Traceback" not in said
    assert not _left_behind(tmp_path)


def _broken_off(folder: Path) -> tuple[int, str, list[int]]:
    """Send Ctrl-C while a fault is in force; return the exit code, what was said, and who ran then."""
    programs = {
        "REDIS_SERVER": "redis-server",
        "PROMETHEUS": "prometheus",
        "ALERTMANAGER": "prometheus-alertmanager",
    }
    found = {variable: str(need(name)) for variable, name in programs.items()}
    environment = _environment(folder, TMPDIR=str(folder), **found)
    with subprocess.Popen(
        [*_WORDS, "--fault", "latency"], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = _until(process.stderr, "waiting for ServiceLatencyHigh")
        pids = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=60)[1]
    return process.returncode, said, pids


def _left_behind(folder: Path) -> list[Path]:
    return list(folder.glob("taskmed-*"))


def _until(output: IO[str], words: str) -> str:
    lines = ""
    for line in output:
        lines += line
        if words in line:
            return lines
    pytest.fail("it ended before the fault:\n" + lines, pytrace=False)


def test_its_options_are_explained() -> None:
    """Every fault by its name, and that faults are taken back."""
    done = CliRunner().invoke(app, ["drill", "--help"])
    words = " ".join(done.output.replace("│", " ").split())
    assert done.exit_code == 0
    for part in ("latency, errors, hit-ratio, service-down, redis-down or storm", "TASKMED_STRESS=on"):
        assert part in words
