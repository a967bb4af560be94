"""The dashboards as written, and what tests read from them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.binaries import ROOT

Json = dict[str, Any]

FOLDER = ROOT / "dashboards"
BOARDS: dict[str, Json] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}

# What Grafana puts in for its variables, for a look at the text of a query.
_GIVEN = {
    "__rate_interval": "1m",
    "__range": "1h",
    "__interval": "15s",
    "top": "10",
    "limit": "2000",
    "cost": "400",
    "job": ".+",
}


def panels(board: Json) -> list[Json]:
    """Return the panels of a dashboard, those in closed rows too, rows left out."""
    every = [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", []))]
    return [panel for panel in every if panel["type"] != "row"]


def everything() -> Iterator[tuple[str, Json, Json]]:
    """Give every panel as (dashboard's name, dashboard, panel)."""
    for name, board in BOARDS.items():
        for panel in panels(board):
            yield name, board, panel


def queries() -> Iterator[tuple[str, str]]:
    """Give every query as (where, PromQL with Grafana's variables)."""
    for name, _, panel in everything():
        for target in panel["targets"]:
            yield f"{name}: {panel['title']}: {target['refId']}", target["expr"]
    for name, board in BOARDS.items():
        for annotation in board["annotations"]["list"]:
            yield f"{name}: annotation {annotation['name']}", annotation["target"]["expr"]


def filled(text: str) -> str:
    """Put values in for Grafana's variables; what is not known becomes a match of everything."""
    return re.sub(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)", lambda match: _GIVEN.get(match[1] or match[2], ".*"), text)
