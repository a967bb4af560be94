"""Every alert has a runbook that names what is there, and every runbook has its alert."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from app.definitions import DEPLOYMENT
from monitor.definitions.runbooks import HEADINGS, alerts_by_name, skeleton, with_facts
from monitor.objectives import Objectives
from tests.binaries import ROOT, need
from tests.dashboards.boards import BOARDS, panels
from tests.dashboards.promql import selectors
from tests.dashboards.test_queries import EXPOSED

FOLDER = ROOT / "docs" / "runbooks"
ALERTS = alerts_by_name(DEPLOYMENT)
TEXTS = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.md"))}
BY_RUNBOOK = pytest.mark.parametrize("name", TEXTS)
QUERIES = {
    f"{name} {number}": query
    for name, text in TEXTS.items()
    for number, query in enumerate(re.findall(r"```promql\n(.+?)\n\s*```", text, re.DOTALL))
}


def _section(text: str, heading: str) -> str:
    return text.partition(f"## {heading}\n")[2].partition("\n## ")[0].strip()


def test_each_alert_has_its_runbook_and_each_runbook_its_alert() -> None:
    """No page leads nowhere, and no runbook is of an alert that was renamed."""
    assert set(TEXTS) == set(ALERTS)


@BY_RUNBOOK
def test_a_runbook_answers_the_five_questions(name: str) -> None:
    """What users feel, what to look at, why, what to do, when it is over: each has an answer."""
    headings = re.findall(r"^## (.+)$", TEXTS[name], re.MULTILINE)

    assert headings == list(HEADINGS)
    assert all(len(_section(TEXTS[name], heading)) > 15 for heading in HEADINGS)


@BY_RUNBOOK
def test_a_runbook_leads_to_panel_query_and_trace(name: str) -> None:
    """What to look at names a panel, a query, and how to find the traces, or why there are none."""
    look = _section(TEXTS[name], "What to look at")

    assert re.search(r"panel `", look, re.IGNORECASE)
    assert "```promql" in look
    assert re.search(r"```traceql|/api/traces|no trace to search", look)


@BY_RUNBOOK
def test_every_panel_named_is_there(name: str) -> None:
    """A renamed panel is noticed."""
    named = re.findall(r"[Pp]anel `([^`]+)` of \[(\w+)\]\(\.\./\.\./dashboards/(\w+)\.json\)", TEXTS[name])

    assert named
    for title, shown, board in named:
        assert shown == board
        assert title in [panel["title"] for panel in panels(BOARDS[board])]


@BY_RUNBOOK
def test_every_link_resolves(name: str) -> None:
    """Runbooks link to runbooks and dashboards that exist."""
    for target in re.findall(r"\]\(([^)#]+)\)", TEXTS[name]):
        assert (FOLDER / target).resolve().exists(), target


@pytest.mark.parametrize("where", QUERIES)
def test_every_query_names_what_is_exposed(where: str) -> None:
    """A query that is copied in the night works: its metrics and labels are there."""
    for selector in selectors(QUERIES[where]):
        if selector.name in ("vector", "job") or not selector.name:
            continue
        assert selector.name in EXPOSED, selector
        assert selector.labels <= EXPOSED[selector.name], selector


@pytest.mark.prometheus
def test_every_query_parses(tmp_path: Path) -> None:
    """Promtool reads each query of each runbook."""
    rules = [{"record": f"query_{number}", "expr": expr} for number, expr in enumerate(QUERIES.values())]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))

    done = subprocess.run(
        [need("promtool"), "check", "rules", path], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_bounds_in_prose_are_the_objectives() -> None:
    """Where a runbook's own words or queries repeat a bound, it is the one in force."""
    objectives = Objectives()
    bounds = {
        "job_tenant:http_request_errors:ratio_rate5m": objectives.error_ratio.bound,
        "job_tenant:http_request_duration_seconds:mean5m": objectives.latency_mean.bound,
        "job_tenant:cache_hits:ratio_rate10m": objectives.hit_ratio.bound,
    }
    for text in TEXTS.values():
        for series, value in re.findall(r"(job_tenant:\S+?)\{[^}]*\} [<>] ([\d.]+)", text):
            assert float(value) == bounds.get(series, float(value))
        prose = text.partition("<!-- /facts -->")[2]
        for milliseconds in re.findall(r"more than (\d+) ms", prose):
            assert float(milliseconds) == objectives.latency_mean.bound * 1000


def test_a_new_alert_gets_an_empty_runbook() -> None:
    """The command writes the headings and the facts; the prose is asked for by the tests above."""
    text = with_facts(skeleton("Anything"), "| facts |\n")

    assert "<!-- facts -->\n| facts |\n<!-- /facts -->" in text
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(HEADINGS)
