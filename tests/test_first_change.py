"""The page for newcomers does what it says: its own lines, put where it says, into a copy of the tree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "first-change.md"
COPIED = ("monitor", "app", "tests", "docs/runbooks", "docs/alerts.md", "pyproject.toml")
CHAPTERS = ("A metric", "A dashboard panel", "An alert", "A cached domain")
_BLOCK = re.compile(
    r"^In `(?P<path>[^`]+)`, (?P<side>above|below) `(?P<anchor>[^`]+)`:\n\n```python\n(?P<lines>.*?)```$",
    re.MULTILINE | re.DOTALL,
)


class Change(NamedTuple):
    """Lines, and where they go."""

    path: str
    side: str
    anchor: str
    lines: str

    def apply(self, root: Path) -> None:
        """Put the lines above or below the first line that reads as the anchor does."""
        path = root / self.path
        lines = path.read_text().splitlines(keepends=True)
        at = next(number for number, line in enumerate(lines) if line.strip() == self.anchor)
        lines.insert(at + (self.side == "below"), self.lines)
        path.write_text("".join(lines))


def chapters() -> dict[str, list[Change]]:
    """Return the changes of each chapter of the page, in order."""
    page = PAGE.read_text()
    starts = [*(page.index(f"## {title}\n") for title in CHAPTERS), page.index("## Before you commit\n")]
    return {
        title: [Change(**block.groupdict()) for block in _BLOCK.finditer(page[start:end])]
        for title, (start, end) in zip(CHAPTERS, pairwise(starts), strict=True)
    }


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the tree with every change of the page, and the definitions written anew."""
    copy = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        source, target = ROOT / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for changes in chapters().values():
        for change in changes:
            change.apply(copy)
    run(copy, "-m", "monitor.definitions")
    return copy


def run(copy: Path, *arguments: str) -> str:
    """Run Python in the copy, on the copy's own modules."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("title", CHAPTERS)
def test_each_change_is_under_twenty_lines_and_names_its_files(title: str) -> None:
    """Every block of code on the page says where it goes, and together they are short."""
    changes = chapters()[title]
    written = [line for change in changes for line in change.lines.splitlines() if line.strip()]

    assert 0 < len(written) < 20
    assert all((ROOT / change.path).exists() for change in changes)


def test_no_block_is_left_out() -> None:
    """What a newcomer reads is what the tests apply."""
    assert PAGE.read_text().count("```python") == sum(map(len, chapters().values()))


def test_the_metric_is_counted_and_exposed(changed: Path) -> None:
    """A slow round trip is one more, a fast one is not, and the scrape shows it."""
    exposed = run(changed, "-c", _COUNT)

    assert 'cache_store_slow_total{operation="read"} 1' in re.sub(r"1\.0\b", "1", exposed)


def test_the_panel_is_on_the_board(changed: Path) -> None:
    """The cache's board has the panel, which asks for the metric."""
    board = json.loads((changed / "dashboards" / "cache.json").read_text())
    [panel] = [panel for panel in _panels(board["panels"]) if panel["title"] == "Slow round trips"]

    assert "cache_store_slow_total" in panel["targets"][0]["expr"]


def test_the_alert_is_a_rule_with_a_runbook(changed: Path) -> None:
    """Prometheus is given the rule, and whoever is paged a page."""
    rules = [
        rule
        for file in (changed / "alerts" / "rules").glob("*.yml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    [rule] = [rule for rule in rules if rule.get("alert", "").endswith("CacheStoreSlow")]

    assert "cache_store_slow_total" in rule["expr"]
    assert rule["labels"]["severity"] == "ticket"
    assert "Slow round trips" in (changed / "docs" / "runbooks" / "CacheStoreSlow.md").read_text()


def test_the_domain_is_cached_and_never_stale(changed: Path) -> None:
    """A miss, a hit, and a miss with the new hours once an admin has changed them."""
    outcomes = run(changed, "-c", _ASK).splitlines()

    assert outcomes == ["miss 08:00", "hit 08:00", "miss 09:00", "hit 09:00"]


def test_the_changed_tree_stands(changed: Path) -> None:
    """Once formatted, the changed files pass every rule of the linter, and the floors of the house stand."""
    files = sorted({change.path for changes in chapters().values() for change in changes})
    run(changed, "-m", "ruff", "check", "--quiet", "--fix-only", *files)
    run(changed, "-m", "ruff", "format", "--quiet", *files)
    run(changed, "-m", "ruff", "check", "--quiet", *files)
    run(changed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/architecture/test_layers.py")


def _panels(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for panel in panels for one in (panel, *_panels(panel.get("panels", [])))]


_COUNT = """
from prometheus_client import CollectorRegistry
from monitor.metrics.measurements import Measurements
from monitor.testing.fakes import ManualClock
measurements = Measurements(CollectorRegistry(), ManualClock(), domains=["contacts"], tenants=10)
measurements.cache.store_called("read", 0.5, None)
measurements.cache.store_called("read", 0.001, None)
print(b"".join(measurements.exposition.render()).decode())
measurements.close()
"""

_ASK = """
import asyncio, tempfile
from app.migrations import upgrade
from tests.app.service import config_of, running, set_up_clinics

async def main():
    url = f"sqlite+aiosqlite:///{tempfile.mkdtemp()}/taskmed.db"
    await upgrade(url)
    await set_up_clinics(url)
    async with running(config_of(url)) as service:
        while "bypass" in (await service.other.get("/api/hours")).headers["cache-status"]:
            await asyncio.sleep(0.01)
        await ask(service)
        await ask(service)
        await service.admin.ask("PATCH", "/api/settings", {"opensAt": "09:00"}, version="*")
        await ask(service)
        await ask(service)

async def ask(service):
    answer = await service.staff.get("/api/hours")
    outcome = answer.headers["cache-status"].split("; ")[1].removeprefix("fwd=")
    print(outcome, answer.json()["opensAt"])

asyncio.run(main())
"""
