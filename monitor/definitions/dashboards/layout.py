"""Places panels on Grafana's grid of 24 columns and wraps them into a dashboard."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.definitions.dashboards.panel import DATASOURCE, Json, Panel, Row
from monitor.definitions.dashboards.variables import JOB
from monitor.definitions.deployment import Deployment
from monitor.definitions.rules import Board, Severity
from monitor.metrics.catalogue import BUILD

COLUMNS = 24
SCHEMA_VERSION = 42  # Grafana 12
TAG = "[[prefix]]"


def dashboard(
    deployment: Deployment,
    board: Board,
    title: str,
    description: str,
    variables: Sequence[Json],
    rows: Sequence[Row],
    *,
    span: str = "now-1h",
) -> Json:
    """Return a dashboard as Grafana reads it: shared crosshair, not editable, linked to its siblings."""
    document: Json = {
        "uid": deployment.uid(board),
        "title": title,
        "description": description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "fiscalYearStartMonth": 0,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": span, "to": "now"},
        "links": [_siblings()],
        # The rarer mark is drawn last: a release must not hide behind the page that follows it.
        "annotations": {"list": [_pages(), _deployments()]},
        "templating": {"list": list(variables)},
        "panels": placed(rows),
    }
    whole: Json = deployment.filled(document)
    return whole


def placed(rows: Sequence[Row]) -> list[Json]:
    """Give every row and panel its number and its place."""
    documents: list[Json] = []
    number, y = 1, 0
    for row in rows:
        heading = _heading(number, row, y)
        inside, y = _line_up(row.panels, number + 1, y + 1)
        number += 1 + len(inside)
        heading["panels"] = inside if row.collapsed else []
        documents += [heading] if row.collapsed else [heading, *inside]
        y = heading["gridPos"]["y"] + 1 if row.collapsed else y
    return documents


def _heading(number: int, row: Row, y: int) -> Json:
    return {
        "id": number,
        "type": "row",
        "title": row.title,
        "collapsed": row.collapsed,
        "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y},
    }


def _line_up(panels: Sequence[Panel], number: int, y: int) -> tuple[list[Json], int]:
    documents: list[Json] = []
    x = line = 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y, line = 0, y + line, 0
        documents.append(panel.document(number, x, y))
        x, line, number = x + panel.width, max(line, panel.height), number + 1
    return documents, y + line


def _siblings() -> Json:
    return {
        "title": "Dashboards",
        "type": "dashboards",
        "tags": [TAG],
        "asDropdown": True,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "tooltip": "The other dashboards, with the same [[tenant]] and time",
        "url": "",
    }


def _deployments() -> Json:
    """Mark when a version appears that was not there a minute before."""
    build = f"count by (version) ({BUILD.name}_info{{{JOB}}})"
    before = f"count by (version) ({BUILD.name}_info{{{JOB}}} offset 1m)"
    return _annotation("Deployments", f"{build} unless {before}", "blue", "Deployed {{version}}")


def _pages() -> Json:
    """Mark when a page begins to fire."""
    firing = f'ALERTS{{{JOB}, severity="{Severity.PAGE}", alertstate="firing"}}'
    return _annotation("Pages", f"{firing} unless {firing} offset 1m", "red", "{{alertname}} {{tenant}}")


def _annotation(name: str, expr: str, color: str, title: str) -> Json:
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "target": {"refId": "Anno", "expr": expr, "interval": "60s"},
        "titleFormat": title,
        "tagKeys": "version,tenant",
        "useValueForTime": False,
    }


def drill_down(board: Board, title: str, variable: str, field: str) -> Json:
    """Link a table's cell to another dashboard, with one variable set to the cell."""
    chosen = f"${{job:queryparam}}&var-{variable}=${{__data.fields.{field}}}"
    return {
        "title": title,
        "url": f"/d/[[prefix]]-{board}?{chosen}&${{__url_time_range}}",
        "targetBlank": False,
    }
