"""`taskmed drill` against a stack that somebody else runs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.service import KEY_TEXT
from tests.binaries import ROOT
from tests.e2e.alerting import AlertStack

pytestmark = [
    pytest.mark.prometheus,
    pytest.mark.redis,
    pytest.mark.timeout(240),
    pytest.mark.drill,
    pytest.mark.filterwarnings("default"),
]


async def test_a_running_stack_is_drilled(tmp_path: Path) -> None:
    """A fault set through its addresses alone fires, pages and ends; afterwards nothing is in force."""
    home = tmp_path / "home"
    home.mkdir()
    async with AlertStack(tmp_path / "stack") as stack:
        done = await asyncio.to_thread(_drill, stack, home)
        await stack.told("/page", "ServiceErrorsHigh", "resolved")
        seen = [each.status for each in stack.messages("/page")]
    report = json.loads(done.stdout)["faults"]["errors"]
    assert done.returncode == 0, done.stderr
    assert (report["rounds"], report["missed"], report["falsePages"]) == (1, 0, 0)
    assert 0 < report["fireS"]["max"] <= report["pageS"]["max"]
    assert seen == ["firing", "resolved"]


def _drill(stack: AlertStack, home: Path) -> subprocess.CompletedProcess[str]:
    addresses = ("--service", stack.service.url, "--prometheus", stack.prometheus.url)
    options = ("--alertmanager", stack.alertmanager.url, "--profile", "short", "--fault", "errors", "--json")
    return subprocess.run(
        [sys.executable, "-m", "app.commands.cli", "drill", *addresses, *options],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TASKMED_TOKEN_KEYS": KEY_TEXT},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
