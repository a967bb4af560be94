"""`taskmed run`, as a newcomer meets it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from app.drill.process import descendants
from app.loopback import free_port
from tests.binaries import ROOT
from tests.e2e.test_serve import gone

_LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_CURL = re.compile(r"curl -H \"(Authorization: Bearer [^\"]+)\" (http://\S+)")


@contextmanager
def _run(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "app.commands.cli", "run", "--port", str(port), "--rate", "20"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, _until(process.stdout, "Stop with Ctrl-C")
        finally:
            process.send_signal(signal.SIGTERM)


def _follow(said: str) -> tuple[int, str]:
    """Send the request that the printed curl line stands for."""
    found = _CURL.search(said)
    assert found is not None
    name, _, value = found[1].partition(": ")
    with _LOOPBACK.open(urllib.request.Request(found[2], headers={name: value}), timeout=10) as answer:
        return answer.status, answer.read().decode()


def _until(output: IO[str], words: str) -> str:
    lines = []
    for line in output:
        lines.append(line)
        if words in line:
            return "".join(lines)
    pytest.fail("it ended before it was ready:\n" + "".join(lines), pytrace=False)


async def test_one_command_leads_to_answers(tmp_path: Path) -> None:
    """An empty folder becomes a service with data; its curl line works; Ctrl-C ends all of it."""
    with _run(tmp_path, free_port()) as (process, said):
        assert "24 clinics" in said
        status, body = _follow(said)
        assert (status, json.loads(body)["total"]) == (200, 420)
        pids = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert "Traceback" not in said + rest
    await gone(pids)
    assert (tmp_path / "var" / "keys.env").stat().st_mode & 0o077 == 0
    assert "Traceback" not in (tmp_path / "var" / "taskmed.log").read_text()


def test_the_second_start_finds_everything_in_place(tmp_path: Path) -> None:
    """Data and keys stay: nothing is filled in again, and a token of the first start is still good."""
    port = free_port()
    with _run(tmp_path, port) as (_, first):
        pass
    with _run(tmp_path, port) as (_, second):
        status, _ = _follow(first)
    assert "24 clinics" not in second
    assert status == 200


def test_a_service_that_ends_is_not_left_unsaid(tmp_path: Path) -> None:
    """When the service ends by itself the command ends too, with its last lines and a failure."""
    with _run(tmp_path, free_port()) as (process, _):
        for pid in descendants(process.pid):
            subprocess.run(["kill", "-KILL", str(pid)], check=False)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "the service ended" in rest
